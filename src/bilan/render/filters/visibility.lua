-- Spans and code blocks with .content-visible or .content-hidden.
-- Blocks are resolved before Pandoc runs.

local shown = {}

local function holds(key, wanted)
  local kind = key:match("%-(%a+)$")
  if kind == "meta" then
    return shown.truths[wanted] == true
  end
  return shown[kind] == wanted
end

local function matches(attributes)
  for key, wanted in pairs(attributes) do
    local word = key:match("^(%a+)%-%a+$")
    if word == "when" and not holds(key, wanted) then
      return false
    elseif word == "unless" and holds(key, wanted) then
      return false
    end
  end
  return true
end

local function resolve(el)
  local visible = el.classes:includes("content-visible")
  local hidden = el.classes:includes("content-hidden")
  if not (visible or hidden) then
    return nil
  end
  if matches(el.attributes) ~= visible then
    return {}
  end
  el.classes = el.classes:filter(function(name)
    return name ~= "content-visible" and name ~= "content-hidden"
  end)
  for _, key in ipairs({ "format", "meta", "profile" }) do
    el.attributes["when-" .. key] = nil
    el.attributes["unless-" .. key] = nil
  end
  return el
end

-- Metadata that is `true`, by dotted name.
local function truths(meta, prefix, found)
  for key, value in pairs(meta) do
    if value == true then
      found[prefix .. key] = true
    elseif pandoc.utils.type(value) == "table" then
      truths(value, prefix .. key .. ".", found)
    end
  end
  return found
end

function Pandoc(doc)
  local settings = doc.meta.bilan or {}
  shown = {
    format = FORMAT:match("html") and "html" or "typst",
    profile = settings.profile and pandoc.utils.stringify(settings.profile) or nil,
    truths = truths(doc.meta, "", {}),
  }
  return doc:walk({ Span = resolve, CodeBlock = resolve })
end
