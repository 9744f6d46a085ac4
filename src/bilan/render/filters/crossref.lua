-- Figures, tables and sections: numbers in document order, captions, references.
--
-- HTML follows Quarto's page without Bootstrap; Typst gets real figures and real
-- references.  What Python cannot see in the text is reported on stderr, one line
-- a fault: BILAN-FAULT <tab> words to look for <tab> message.

local TYPST = FORMAT:match("typst") ~= nil
local CAPTION_ID = "-caption-0ceaefa1-69ba-4598-a22c-09a6ac19f8ca"
local NBSP = "\u{a0}"

local settings = {}
local numbers = {}
local counts = { fig = 0, tbl = 0 }
local levels = {}

local function fault(needle, message)
  io.stderr:write("BILAN-FAULT\t", needle:match("^[^\n\t]*"), "\t", message, "\n")
end

local function kind_of(identifier)
  local kind = identifier:match("^(%a+)%-")
  return (kind == "fig" or kind == "tbl") and kind or nil
end

local function setting(key)
  return settings[key]
end

local function quote(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function raw(text)
  return pandoc.RawInline("typst", text)
end

-- Images ------------------------------------------------------------------------

local function alternative(image, given)
  local alt = given or image.attributes["fig-alt"] or pandoc.utils.stringify(image.caption)
  image.attributes["fig-alt"] = nil
  image.caption = pandoc.Inlines({})
  if alt == "" then
    fault(image.src, image.src .. " lacks its alternative text, fig-alt")
  end
  return alt
end

-- Lengths that Typst can read, pixels at 96 to the inch; others are left out.
local function typst_size(image)
  local size = ""
  for _, key in ipairs({ "width", "height" }) do
    local value = image.attributes[key] or ""
    local pixels = value:match("^([%d.]+)p?x?$")
    if pixels then
      value = string.format("%.4gin", tonumber(pixels) / 96)
    end
    if value:match("^[%d.]+%%$") or value:match("^[%d.]+[cmpi][mtn]$") then
      size = size .. ", " .. key .. ": " .. value
    end
  end
  return size
end

local function typst_image(image, alt)
  return "image(" .. quote(image.src) .. ", alt: " .. quote(alt) .. typst_size(image) .. ")"
end

local function set_alt(image, given)
  local alt = alternative(image, given)
  if TYPST then
    return raw("#box(" .. typst_image(image, alt) .. ")")
  end
  -- Pandoc writes the description of an <img> from its caption.
  image.caption = pandoc.Inlines({ pandoc.Str(alt) })
  return image
end

local function plain_table(tbl)
  if #tbl.caption.long > 0 then
    fault(pandoc.utils.stringify(tbl.caption.long), "a captioned table needs a label {#tbl-…}")
  end
  if TYPST and not tbl.classes:includes("typst:no-figure") then
    tbl.classes:insert("typst:no-figure")
    return tbl
  end
end

-- Floats ------------------------------------------------------------------------

local function html_float(float, content)
  local position = float.kind == "tbl" and "top" or "bottom"
  local caption_id = float.id .. CAPTION_ID
  local words = pandoc.Inlines({
    pandoc.Str(setting(float.kind .. "-title") .. NBSP .. float.number .. setting("title-delim")),
    pandoc.Space(),
  })
  words:extend(float.caption)
  local caption = pandoc.Blocks({
    pandoc.RawBlock("html", string.format(
      '<figcaption class="quarto-float-caption-%s quarto-float-caption quarto-float-%s" id="%s">',
      position, float.kind, caption_id)),
    pandoc.Plain(words),
    pandoc.RawBlock("html", "</figcaption>"),
  })
  local body = pandoc.Div(content, pandoc.Attr("", {}, { ["aria-describedby"] = caption_id }))
  local blocks = pandoc.Blocks({
    pandoc.RawBlock("html", '<figure class="quarto-float quarto-float-' .. float.kind .. '">'),
  })
  if position == "top" then
    blocks:extend(caption)
    blocks:insert(body)
  else
    blocks:insert(body)
    blocks:extend(caption)
  end
  blocks:insert(pandoc.RawBlock("html", "</figure>"))
  local classes = float.classes
  for _, name in ipairs({ "quarto-float", "quarto-figure", "quarto-figure-center" }) do
    classes:insert(name)
  end
  return pandoc.Div(blocks, pandoc.Attr(float.id, classes, float.attributes))
end

local function typst_float(float, content)
  local position = float.kind == "tbl" and "top" or "bottom"
  local inlines = pandoc.Inlines({ raw("], caption: figure.caption(position: " .. position .. ", [") })
  inlines:extend(float.caption)
  inlines:insert(raw(string.format(
    ']), kind: "quarto-float-%s", supplement: %s, numbering: "1")<%s>',
    float.kind, quote(setting(float.kind .. "-title")), float.id)))
  local blocks = pandoc.Blocks({ pandoc.RawBlock("typst", "#figure([") })
  blocks:extend(content)
  blocks:insert(pandoc.Plain(inlines))
  return blocks
end

local function typst_picture(float, call)
  local inlines = pandoc.Inlines({ raw("#figure(" .. call .. ", caption: figure.caption(position: bottom, [") })
  inlines:extend(float.caption)
  inlines:insert(raw(string.format(
    ']), kind: "quarto-float-fig", supplement: %s, numbering: "1")<%s>',
    quote(setting("fig-title")), float.id)))
  return pandoc.Plain(inlines)
end

-- The single picture of a figure, its alternative text set.
local function picture(content, alt)
  local found, call
  content = content:walk({
    Image = function(image)
      if TYPST then
        call = typst_image(image, alternative(image, alt))
      else
        image = set_alt(image, alt)
      end
      found = image
      return image
    end,
    Para = function(para)
      if #para.content == 1 and para.content[1].t == "Image" then
        return pandoc.Plain(para.content)
      end
    end,
  })
  return content, found, call
end

local function number(float)
  counts[float.kind] = counts[float.kind] + 1
  float.number = tostring(counts[float.kind])
  numbers[float.id] = float.number
end

local function render(float, content)
  number(float)
  if float.kind == "fig" then
    local shown, found, call = picture(content, float.alt)
    if not found then
      fault("#" .. float.id, float.id .. " holds no picture")
      return {}
    end
    return TYPST and typst_picture(float, call) or html_float(float, shown)
  end
  content = content:walk({ Table = plain_table, Image = function(el) return set_alt(el) end })
  return (TYPST and typst_float or html_float)(float, content)
end

-- In Typst a div is a block as narrow as what it holds; cells need none.
local function is_wrapper(div)
  return TYPST and div.classes:find_if(function(name)
    return name == "cell" or name == "quarto-embed-nb-cell" or name:match("^cell%-output")
  end) ~= nil
end

local function div_float(div)
  local kind = kind_of(div.identifier)
  if not kind then
    return nil
  end
  local last = div.content[#div.content]
  if not last or (last.t ~= "Para" and last.t ~= "Plain") then
    fault("#" .. div.identifier, div.identifier .. " lacks a caption, its last paragraph")
    return nil
  end
  div.content:remove(#div.content)
  local alt = div.attributes["fig-alt"]
  div.attributes["fig-alt"] = nil
  return render({
    id = div.identifier, kind = kind, caption = last.content, alt = alt,
    classes = div.classes, attributes = div.attributes,
  }, div.content), false
end

local function unwrap(div)
  if is_wrapper(div) then
    return div.content
  end
end

local function figure_float(figure)
  if not kind_of(figure.identifier) then
    fault(pandoc.utils.stringify(figure.caption.long), "a captioned picture needs a label {#fig-…}")
    return nil
  end
  return render({
    id = figure.identifier, kind = "fig",
    caption = pandoc.utils.blocks_to_inlines(figure.caption.long),
    classes = pandoc.List({}), attributes = {},
  }, figure.content), false
end

local function table_float(tbl)
  if kind_of(tbl.identifier) ~= "tbl" then
    return nil
  end
  local float = {
    id = tbl.identifier, kind = "tbl",
    caption = pandoc.utils.blocks_to_inlines(tbl.caption.long),
    classes = pandoc.List({}), attributes = {},
  }
  tbl.identifier = ""
  tbl.caption = { long = pandoc.Blocks({}) }
  return render(float, pandoc.Blocks({ tbl })), false
end

-- Sections ----------------------------------------------------------------------

local function section(header)
  if header.classes:includes("unnumbered") then
    return nil
  end
  local level = header.level
  levels[level] = (levels[level] or 0) + 1
  local parts = {}
  for index = settings.top, level do
    levels[index] = levels[index] or 0
    parts[#parts + 1] = tostring(levels[index])
  end
  for index = level + 1, 6 do
    levels[index] = 0
  end
  numbers[header.identifier] = table.concat(parts, ".")
end

local function top_level(doc)
  local top = 6
  doc:walk({
    Header = function(header)
      if not header.classes:includes("unnumbered") then
        top = math.min(top, header.level)
      end
    end,
  })
  return top
end

-- References --------------------------------------------------------------------

local function prefix_of(citation, kind)
  if citation.mode == "SuppressAuthor" then
    return pandoc.Inlines({})
  elseif #citation.prefix > 0 then
    return citation.prefix
  end
  local words = setting(kind .. "-prefix")
  if citation.id:match("^%u") then
    words = pandoc.text.upper(pandoc.text.sub(words, 1, 1)) .. pandoc.text.sub(words, 2, -1)
  end
  return pandoc.Inlines({ pandoc.Str(words) })
end

local function reference(citation)
  local label = pandoc.text.lower(citation.id:sub(1, 1)) .. citation.id:sub(2)
  local prefix = prefix_of(citation, label:match("^%a+"))
  if not numbers[label] then
    fault("@" .. citation.id, "@" .. citation.id .. " refers to nothing that is numbered")
    return pandoc.Inlines({})
  end
  if TYPST then
    local inlines = pandoc.Inlines({ raw("#ref(<" .. label .. ">, supplement: [") })
    inlines:extend(prefix)
    inlines:insert(raw("])"))
    return inlines
  end
  if #prefix > 0 then
    prefix:insert(pandoc.Str(NBSP))
  end
  prefix:insert(pandoc.Str(numbers[label]))
  return pandoc.Inlines({ pandoc.Link(prefix, "#" .. label, "", pandoc.Attr("", { "quarto-xref" })) })
end

local function is_reference(citation)
  local kind = citation.id:match("^(%a+)%-")
  kind = kind and kind:lower()
  return kind == "fig" or kind == "tbl" or kind == "sec"
end

local function references(cite)
  local found = cite.citations:filter(is_reference)
  if #found == 0 then
    return nil
  elseif #found < #cite.citations then
    fault("@" .. found[1].id, "references and citations do not share brackets")
    return nil
  end
  local inlines = pandoc.Inlines({})
  for index, citation in ipairs(found) do
    if index > 1 then
      inlines:extend({ pandoc.Str(","), pandoc.Space() })
    end
    inlines:extend(reference(citation))
    inlines:extend(citation.suffix)
  end
  return inlines
end

local function math(el)
  fault(el.text, "a formula has no alternative text in PDF/UA: write it in words")
end

function Pandoc(doc)
  local given = doc.meta.bilan and doc.meta.bilan.crossref or {}
  for key, value in pairs(given) do
    settings[key] = pandoc.utils.stringify(value)
  end
  settings.top = top_level(doc)
  doc = doc:walk({
    traverse = "topdown",
    Header = section,
    Div = div_float,
    Figure = figure_float,
    Table = table_float,
  })
  return doc:walk({
    Cite = references,
    Image = function(image) return set_alt(image) end,
    Math = math,
    Table = plain_table,
    Div = unwrap,
  })
end
