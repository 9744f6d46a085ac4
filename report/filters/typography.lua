-- French spacing: no line may begin with a colon or a per-cent sign, nor break a number.
-- Writers type plain spaces; this puts U+00A0 or U+202F where French wants one.
--
-- _quarto.yml:  filters: [{at: post-render, path: filters/typography.lua}]

local NBSP, THIN = "\u{a0}", "\u{202f}"
local french = false

-- What a word begins with -> the space before it.
local BEFORE = {
  { "^[:»]", NBSP }, { "^[;!?%%€]", THIN }, { "^°C", NBSP },
}
local UNITS = {
  million = true, millions = true, milliard = true, milliards = true, M = true, Md = true,
  points = true, pages = true, ans = true, mois = true, jours = true, Mo = true, ko = true,
}

local function starts(word)
  for _, rule in ipairs(BEFORE) do
    if word:match(rule[1]) then
      return rule[2]
    end
  end
end

local function space_between(left, right)
  local before = starts(right)
  if before then
    return before
  end
  if left:match("«$") then
    return NBSP
  end
  if left:match("%d$") then
    if right:match("^%d%d%d%f[%D]") and left:match("%f[%d]%d%d?%d?$") then
      return THIN
    end
    if UNITS[right:match("^%a+") or ""] then
      return NBSP
    end
  end
end

local function text_of(inline)
  if inline.t == "Str" then
    return inline.text
  end
end

local function Inlines(inlines)
  if not french then
    return nil
  end
  for i = 2, #inlines - 1 do
    if inlines[i].t == "Space" or inlines[i].t == "SoftBreak" then
      local left, right = text_of(inlines[i - 1]), text_of(inlines[i + 1])
      local glue = right and (left and space_between(left, right) or starts(right))
      if glue or (left and left:match("«$")) then
        inlines[i] = pandoc.Str(glue or NBSP)
      end
    end
  end
  return inlines
end

local function Meta(meta)
  french = meta.lang ~= nil and pandoc.utils.stringify(meta.lang):match("^fr") ~= nil
end

return { { Meta = Meta }, { Inlines = Inlines } }
