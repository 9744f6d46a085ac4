-- What Quarto must not leave in the page.
--
-- 1. On every embedded cell: the absolute path of its notebook and Papermill's
--    timings. The page is published, so they go.
-- 2. `alt` on the block around a figure, where HTML has no such attribute: it
--    moves to the picture that lacks one.
-- 3. In Typst the wrapper of an embedded cell: a block as narrow as its figure.
--
-- _quarto.yml:  filters: [{at: post-render, path: filters/strip-notebook.lua}]
-- The embedded engine writes none of this.

local PRIVATE = { "^notebook", "^data%-notebook", "^quarto%-private%-", "^papermill", "^execution" }

local function private(name)
  name = name:lower()
  for _, pattern in ipairs(PRIVATE) do
    if name:match(pattern) then
      return true
    end
  end
  return false
end

local function describe(blocks, alt)
  return blocks:walk({
    Image = function(image)
      if #image.caption == 0 and not image.attributes.alt then
        image.attributes.alt = alt
        return image
      end
    end,
  })
end

function Div(div)
  if FORMAT:match("typst") and div.classes:includes("quarto-embed-nb-cell") then
    return div.content
  end
  local names = {}
  for name in pairs(div.attributes) do
    if private(name) then
      names[#names + 1] = name
    end
  end
  for _, name in ipairs(names) do
    div.attributes[name] = nil
  end
  local alt = div.attributes.alt
  if alt then
    div.attributes.alt = nil
    div.content = describe(div.content, alt)
  end
  return div
end
