-- The review's own markup and its typography: what a chapter writes as fenced divs and spans, in both formats.
--
-- HTML: `.transcription` becomes <details> with its summary; cells are aligned by class.
-- Typst gets a function call for each of the names below; typst-template.typ defines them.
--
-- _quarto.yml:  filters: [{at: post-render, path: filters/markup.lua}]

local TYPST = FORMAT:match("typst") ~= nil
local HTML = FORMAT:match("html") ~= nil

-- Class of a div or span -> function of typst-template.typ.
local BLOCKS = {
  headline = "headline", promises = "promises",
  source = "source-line", transcription = "transcription",
}
local INLINES = {
  value = "key-figure", state = "state-word", probability = "chance", target = "target-value",
}

-- Words of the page: labels in the project's settings.
local words = {
  transcription = "Text",
  explore = "Explore", picture = "Picture", keys = "Arrow keys, Escape", unavailable = "Unavailable",
}

local function first_known(classes, names)
  for _, name in ipairs(classes) do
    if names[name] then
      return names[name]
    end
  end
end

local function escape(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- Offers the live chart: a script shows the button.
local function explore(figure)
  local given = ' data-figure="' .. escape(figure) .. '"'
  for _, name in ipairs({ "picture", "keys", "unavailable" }) do
    given = given .. " data-" .. name .. '="' .. escape(words[name]) .. '"'
  end
  return pandoc.RawBlock("html",
    '<button type="button" class="live"' .. given .. " hidden>" .. escape(words.explore) .. "</button>")
end

local function details(class, content, summary)
  local blocks = pandoc.Blocks({
    pandoc.RawBlock("html", '<details class="' .. class .. '">\n<summary>' .. escape(summary or words[class]) .. "</summary>"),
  })
  blocks:extend(content)
  blocks:insert(pandoc.RawBlock("html", "</details>"))
  return blocks
end

local function typst_block(div, name)
  local given = div.attributes.tight and "(tight: true)" or ""
  local blocks = pandoc.Blocks({ pandoc.RawBlock("typst", "#" .. name .. given .. "[") })
  blocks:extend(div.content)
  blocks:insert(pandoc.RawBlock("typst", "]"))
  return blocks
end

-- An entry of the first screen: its spans become the arguments of one call.
local function promise(blocks)
  local inlines = pandoc.utils.blocks_to_inlines(blocks)
  local call = pandoc.Inlines({ pandoc.RawInline("typst", "#promise(") })
  for _, name in ipairs({ "value", "miniature", "what", "state", "probability" }) do
    for _, inline in ipairs(inlines) do
      if inline.t == "Span" and inline.classes:includes(name) then
        call:insert(pandoc.RawInline("typst", name .. ": ["))
        call:extend(inline.content)
        call:insert(pandoc.RawInline("typst", "], "))
      end
    end
  end
  call:insert(pandoc.RawInline("typst", ")"))
  return { pandoc.Plain(call) }
end

local function promises(div)
  return div:walk({
    BulletList = function(list)
      for i, blocks in ipairs(list.content) do
        list.content[i] = promise(blocks)
      end
      return list
    end,
  })
end

-- French ordinals raise their ending: 1^er^, 15^e^.
local function ordinals(str)
  local parts, from = pandoc.Inlines({}), 1
  for start, ending, stop in str.text:gmatch("%f[%w]%d+()(er?)()%f[%W]") do
    parts:insert(pandoc.Str(str.text:sub(from, start - 1)))
    parts:insert(pandoc.Superscript(ending))
    from = stop
  end
  if from == 1 then
    return nil
  end
  if from <= #str.text then
    parts:insert(pandoc.Str(str.text:sub(from)))
  end
  return parts
end

-- Only in the blocks that hold one: to look at each word of the review takes longer than the rest.
local function raise_ordinals(doc)
  if not (doc.meta.lang and pandoc.utils.stringify(doc.meta.lang):match("^fr")) then
    return nil
  end
  for i, block in ipairs(doc.blocks) do
    if pandoc.utils.stringify(block):find("%der?") then
      doc.blocks[i] = pandoc.Div(block):walk({ Str = ordinals }).content[1]
    end
  end
  return doc
end

-- Pandoc aligns cells with inline styles, which a strict content policy forbids: classes instead.
local ALIGNED = { AlignRight = "number", AlignCenter = "centre" }

local function align_rows(rows, columns)
  for _, row in ipairs(rows) do
    local at = 1
    for _, cell in ipairs(row.cells) do
      local name = ALIGNED[cell.alignment] or ALIGNED[columns[at] and columns[at][1]]
      if name then
        cell.attr.classes:insert(name)
      end
      cell.alignment = "AlignDefault"
      at = at + cell.col_span
    end
  end
end

-- Columns take the room that their words ask for, in both formats.
local function Table(tbl)
  for i, column in ipairs(tbl.colspecs) do
    tbl.colspecs[i] = { column[1], nil }
  end
  if not HTML then
    return tbl
  end
  align_rows(tbl.head.rows, tbl.colspecs)
  for _, body in ipairs(tbl.bodies) do
    align_rows(body.head, tbl.colspecs)
    align_rows(body.body, tbl.colspecs)
  end
  align_rows(tbl.foot.rows, tbl.colspecs)
  for i = 1, #tbl.colspecs do
    tbl.colspecs[i] = { "AlignDefault", nil }
  end
  return tbl
end

local function Meta(meta)
  local labels = meta.labels
  for name, label in pairs(labels or {}) do
    words[name] = pandoc.utils.stringify(label)
  end
end

local function Div(div)
  if HTML and div.classes:includes("transcription") then
    local blocks = details("transcription", div.content, div.attributes.summary)
    if div.attributes.figure then
      blocks:insert(1, explore(div.attributes.figure))
    end
    return blocks
  end
  if div.classes:includes("numbers") then
    return TYPST and {} or nil -- the page's table takes its place; paper has the text, the CSV the rest
  end
  local name = TYPST and first_known(div.classes, BLOCKS)
  if name == "promises" then
    div = promises(div)
  end
  return name and typst_block(div, name) or nil
end

-- Points of height, roughly: a note of 34 mm in small type, text of 124 mm.
local function height_of_note(div)
  return #pandoc.utils.stringify(div) / 23 * 9.7
end

local function height_of_text(para)
  return (#pandoc.utils.stringify(para) / 72 + 1) * 14.5
end

local function is(block, class)
  return block and block.t == "Div" and block.classes:includes(class)
end

-- Notes and the paragraphs that they stand beside: at least one, and as many as the notes are long.
local function beside(blocks, at)
  local height = height_of_note(blocks[at])
  local held = pandoc.Blocks({ pandoc.RawBlock("typst", "#margin-note[") })
  held:extend(blocks[at].content)
  while is(blocks[at + 1], "margin") do
    at = at + 1
    height = height + height_of_note(blocks[at])
    held:insert(pandoc.RawBlock("typst", "#next-note"))
    held:extend(blocks[at].content)
  end
  held:insert(pandoc.RawBlock("typst", "]["))
  local filled = 0
  while blocks[at + 1] and blocks[at + 1].t == "Para" and filled < height do
    at = at + 1
    filled = filled + height_of_text(blocks[at])
    held:insert(blocks[at])
  end
  held:insert(pandoc.RawBlock("typst", "]"))
  return held, at
end

local function Blocks(blocks)
  local result, at = pandoc.Blocks({}), 1
  while at <= #blocks do
    local block = blocks[at]
    if is(block, "margin") then
      local held
      held, at = beside(blocks, at)
      result:extend(held)
    else
      -- A source followed by the figure's text stands close to it.
      if is(block, "source") and is(blocks[at + 1], "transcription") then
        block.attributes.tight = "true"
      end
      result:insert(block)
    end
    at = at + 1
  end
  return result
end

local function Span(span)
  local name = first_known(span.classes, INLINES)
  if not name then
    return nil
  end
  local inlines = pandoc.Inlines({ pandoc.RawInline("typst", "#" .. name .. "[") })
  inlines:extend(span.content)
  inlines:insert(pandoc.RawInline("typst", "];"))
  return inlines
end

-- From the top down: a list of promises must still see its spans.
return {
  { Meta = Meta },
  { Pandoc = raise_ordinals },
  TYPST and { Blocks = Blocks } or {},
  { traverse = "topdown", Div = Div, Span = TYPST and Span or nil, Table = Table },
}
