-- Callouts as Quarto writes them without Bootstrap: a quotation that opens with
-- its title in HTML, the function `callout` of the definitions in Typst.

local TYPST = FORMAT:match("typst") ~= nil

local NAMES = {
  note = "Note", tip = "Tip", important = "Important",
  warning = "Warning", caution = "Caution",
}

local COLOURS = {
  note = { "dae6fb", "0758E5" },
  tip = { "ccf1e3", "00A047" },
  important = { "f7dddc", "CC1914" },
  warning = { "fcefdc", "EB9113" },
  caution = { "ffe5d0", "FC5300" },
}

local function kind(div)
  for _, name in ipairs(div.classes) do
    local found = name:match("^callout%-(%a+)$")
    if found and NAMES[found] then
      return found
    end
  end
end

-- The title attribute, or a heading that opens the callout.
local function take_title(div)
  local title = div.attributes.title
  if title then
    return pandoc.utils.blocks_to_inlines(pandoc.read(title, "markdown").blocks)
  end
  local first = div.content[1]
  if first and first.t == "Header" then
    div.content:remove(1)
    return first.content
  end
end

local function html(div, name, title)
  local blocks = pandoc.Blocks({ pandoc.Para({ pandoc.Strong(title or { pandoc.Str(NAMES[name]) }) }) })
  blocks:extend(div.content)
  return pandoc.Div({ pandoc.BlockQuote(blocks) }, pandoc.Attr(div.identifier))
end

local function typst(div, name, title)
  local fill, ink = table.unpack(COLOURS[name])
  local head = pandoc.Inlines({ pandoc.RawInline("typst", "\n], title: [") })
  head:extend(title or { pandoc.Str(NAMES[name]) })
  head:insert(pandoc.RawInline("typst", string.format(
    '], background_color: rgb("#%s"), icon_color: rgb("#%s"), icon: none, '
      .. "body_background_color: white)", fill, ink)))
  local blocks = pandoc.Blocks({ pandoc.RawBlock("typst", "#callout(body: [") })
  blocks:extend(div.content)
  blocks:insert(pandoc.Plain(head))
  return pandoc.Div(blocks, pandoc.Attr(div.identifier))
end

function Div(div)
  local name = kind(div)
  if name then
    local title = take_title(div)
    return (TYPST and typst or html)(div, name, title)
  end
end
