-- Quarto notes on every embedded cell the absolute path of its notebook and
-- Papermill's timings. The page is published, so they go.
--
-- _quarto.yml:  filters: [{at: post-render, path: filters/strip-notebook.lua}]

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

function Div(div)
  local kept, changed = {}, false
  for name, value in pairs(div.attributes) do
    if private(name) then
      changed = true
    else
      kept[#kept + 1] = { name, value }
    end
  end
  if changed then
    div.attributes = kept
    return div
  end
end
