-- The first time that a chapter uses a word of the glossary, the page links it to its definition, which
-- review.js shows on the spot. Only names and acronyms: words that bear a capital.
--
-- _quarto.yml:  filters: [{at: post-render, path: filters/glossary.lua}]

local GLOSSARY = "sec-glossaire"
-- Sources are titles, and the glossary explains itself.
local APART = { [GLOSSARY] = true, ["sec-sources"] = true }

local function anchor(term)
  return "terme-" .. pandoc.text.lower(term):gsub("%+", "-plus"):gsub("[^%w\128-\255]+", "-"):gsub("-$", "")
end

-- Gives each term of the definition list an anchor; returns the anchors by word.
local function defined(blocks)
  local anchors, inside = {}, false
  for i, block in ipairs(blocks) do
    if block.t == "Header" and block.level == 1 then
      inside = block.identifier == GLOSSARY
    elseif inside and block.t == "DefinitionList" then
      for _, item in ipairs(block.content) do
        local term = pandoc.utils.stringify(item[1])
        item[1] = { pandoc.Span(item[1], { id = anchor(term) }) }
        if term:match("%u") and not term:match("[%s\u{a0}]") then
          anchors[term] = anchor(term)
        end
      end
    end
  end
  return anchors
end

local function keep(element)
  return element, false
end

local function linker(anchors, seen)
  return {
    traverse = "topdown",
    Header = keep, Link = keep, Image = keep, Code = keep, Cite = keep, Figure = keep, Table = keep, Note = keep,
    Div = function(div)
      if div.classes:includes("source") or div.classes:includes("transcription") or div.classes:includes("promises") then
        return div, false
      end
    end,
    Str = function(str)
      local before, word, after = str.text:match("^([^%w]*)([%w+]+)(.*)$")
      if word and after:match("^’") then -- l’API
        before, word, after = str.text:match("^(.-’[^%w]*)([%w+]+)(.*)$")
      end
      local target = word and anchors[word]
      if not target or seen[word] or after:match("^[%w.-]*%w") then
        return nil
      end
      seen[word] = true
      local link = pandoc.Link({ pandoc.Str(word) }, "#" .. target, "", { class = "term" })
      return { pandoc.Str(before), link, pandoc.Str(after) }
    end,
  }
end

-- Most blocks hold no word that is still to be linked, and a walk takes its time.
local function holds_new(block, anchors, seen)
  local text = pandoc.utils.stringify(block)
  for word in pairs(anchors) do
    if not seen[word] and text:find(word, 1, true) then
      return true
    end
  end
  return false
end

function Pandoc(doc)
  if not FORMAT:match("html") then
    return nil
  end
  local anchors = defined(doc.blocks)
  local seen, apart = {}, false
  for i, block in ipairs(doc.blocks) do
    if block.t == "Header" and block.level == 1 then
      seen, apart = {}, APART[block.identifier] ~= nil
    elseif not apart and holds_new(block, anchors, seen) then
      doc.blocks[i] = pandoc.Div(block):walk(linker(anchors, seen)).content[1]
    end
  end
  return doc
end
