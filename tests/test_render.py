import json
import os
import re
import sys
from pathlib import Path

import pikepdf
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from staged import FILTERS, SVG, add_cell, append, edit, result, stage

from bilan.render import (
    DialectError,
    RenderError,
    check_staged,
    escape_attribute,
    escape_markdown,
    find_quarto,
    quarto,
    render,
)
from bilan.render.check import examine
from bilan.render.embedded import typst_source
from bilan.render.notebook import Cell
from bilan.render.project import load


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    project = stage(tmp_path_factory.mktemp("staged"))
    return render(project, "embedded")


@pytest.fixture(scope="module")
def page(sample):
    return BeautifulSoup(sample.html.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def pdf(sample):
    with pikepdf.open(sample.pdf) as opened:
        yield opened


@pytest.fixture
def project(tmp_path):
    return stage(tmp_path / "staged")


def typst(project: Path) -> str:
    loaded = load(project)
    documents, faults = examine(loaded)
    assert not faults, faults
    return typst_source(loaded, documents["typst"], loaded.options("typst"))


def words(page) -> str:
    return page.main.get_text(" ", strip=True).replace("\xa0", " ")


def tags(pdf):
    """The structure tree as (tag, alternative text) in reading order."""

    def walk(node):
        if isinstance(node, pikepdf.Array):
            for kid in node:
                yield from walk(kid)
        elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
            yield str(node.S).lstrip("/"), str(node.get("/Alt", ""))
            yield from walk(node.get("/K", pikepdf.Array()))

    return list(walk(pdf.Root.StructTreeRoot.K))


# The page -----------------------------------------------------------------------


def test_the_sample_is_right_for_both_renderers(project):
    assert check_staged(project) == []


def test_rendered_names_its_maker(sample):
    assert sample.renderer == "embedded"
    assert re.match(r"Pandoc 3\.\S+, Typst 0\.\S+", sample.version)
    assert sample.warnings == ()


def test_the_projects_own_template_and_style(sample, page):
    assert sample.html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n")
    assert page.find("link", rel="stylesheet")["href"] == "review.css"
    assert page.find("h1", class_="title").text == "Bilan 2020"
    assert page.find(class_="subtitle").text == "Ce que l’on savait"
    assert page.html["lang"] == "fr"


def test_contents_hold_two_levels(page):
    links = [a["href"] for a in page.nav.find_all("a")]
    assert links == ["#sec-tchap", "#sec-detail", "#sec-method", "#références"]


def test_sections_are_numbered_and_nested(page):
    section = page.find("section", id="sec-tchap")
    assert section["class"] == ["level1"]
    assert section.h1.find(class_="header-section-number").text == "1"
    assert section.find("section", id="sec-detail").h2.span.text == "1.1"


def test_variables_metadata_and_notes(page):
    text = words(page)
    assert "210,000 comptes" in text
    assert "selon Bilan 2020" in text
    assert page.find("section", id="footnotes").find("em").text == "de bas de page"


def test_embedded_figure(sample, page):
    figure = page.find("div", id="fig-users").figure
    assert figure["class"] == ["quarto-float", "quarto-float-fig"]
    assert figure.img["alt"] == 'Une courbe "monte" de 0 à 210 000.'
    assert (sample.html.parent / figure.img["src"]).read_text().startswith("<svg")
    caption = figure.figcaption
    assert caption.get_text(strip=False).strip() == "Figure\xa01: Comptes de Tchap & co."
    assert figure.div["aria-describedby"] == caption["id"]
    cell = page.find("div", id="cell-fig-users")
    assert cell.parent["class"] == ["quarto-embed-nb-cell"]


def test_embedded_table_has_its_caption_above_and_a_head(page):
    figure = page.find("div", id="tbl-users").figure
    kinds = [tag.name for tag in figure.find_all(["figcaption", "table"])]
    assert kinds == ["figcaption", "table"]
    assert figure.figcaption.text.strip() == "Tableau\xa01: Comptes par an"
    assert [th.text for th in figure.thead.find_all("th")] == ["An", "Comptes"]


def test_embedded_prose_and_its_source(page):
    cell = page.find("div", id="cell-prose")
    assert cell.find("strong").text == "triplé"
    assert cell.find("code").text.strip() == "say(users)"


def test_figures_count_in_document_order(page):
    captions = [c.text.strip()[:9] for c in page.find_all("figcaption")]
    expected = ["Figure 1:", "Tableau 1", "Figure 2:", "Figure 3:", "Tableau 2"]
    assert captions == [text.replace(" ", "\xa0") for text in expected]


def test_fenced_figure_keeps_class_and_alternative_text(page):
    frame = page.find("div", id="fig-frame")
    assert frame["class"] == ["wide", "quarto-float", "quarto-figure", "quarto-figure-center"]
    assert frame.img["alt"] == 'Un carré "noir" & blanc.'
    assert "alt" not in frame.attrs and "fig-alt" not in frame.attrs
    assert "Le carré, de 210,000." in frame.figcaption.text


def test_references(page):
    links = {(a["href"], a.text) for a in page.find_all("a", class_="quarto-xref")}
    assert links == {
        ("#fig-users", "Figure\xa01"),
        ("#fig-users", "1"),
        ("#tbl-users", "Tableau\xa01"),
        ("#sec-method", "section\xa02"),
        ("#fig-frame", "Figure\xa02"),
        ("#fig-mark", "Figure\xa03"),
        ("#tbl-ranks", "Tableau\xa02"),
        ("#sec-detail", "voir\xa01.1"),
    }


def test_citation(page):
    assert page.find(class_="citation").a["href"] == "#ref-dinum2020"
    assert "premier bilan" in page.find(id="ref-dinum2020").text


def test_callouts_as_quarto_writes_them_without_bootstrap(page):
    quotes = page.find_all("blockquote")
    assert [q.strong.text for q in quotes] == ["À savoir", "Attention"]
    assert quotes[0].em.text == "savoir"


def test_conditional_content(page):
    text = words(page)
    for shown in ("Seulement à l’écran.", "En français.", "Brouillon.", "d’écran"):
        assert shown in text
    for hidden in ("Seulement sur papier", "In English", "de papier"):
        assert hidden not in text


def test_code_is_left_alone(page):
    codes = [code.text for code in page.find_all("code")]
    assert "{{< var nothing >}}" in codes
    assert codes[-1].split("\n") == [
        "{{< unknown shortcode >}}",
        "@fig-none {#fig-users}",
        "{{< var shown >}}",
    ]
    assert "{{< video film.mp4 >}}" in words(page)


def test_nothing_private_is_published(sample):
    text = sample.html.read_text(encoding="utf-8")
    assert str(sample.html.parent) not in text
    assert "papermill" not in text and "data-notebook" not in text


# The PDF ------------------------------------------------------------------------


def test_pdf_conforms_and_names_itself(pdf):
    with pdf.open_metadata() as meta:
        assert meta.pdfa_status == "2B"
        assert meta["pdfuaid:part"] == "1"
        assert meta["dc:title"] == "Bilan 2020"
        assert meta["xmp:CreateDate"] == "2020-12-31T00:00:00+00:00"
    assert str(pdf.Root.Lang) == "fr"
    assert bool(pdf.Root.MarkInfo.Marked)
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)


def test_pdf_outline(pdf):
    with pdf.open_outline() as outline:
        tree = [(item.title, [kid.title for kid in item.children]) for item in outline.root]
    assert tree == [("1 Tchap", ["1.1 Détail"]), ("2 Méthode", []), ("Références", [])]


def test_pdf_tags(pdf):
    found = tags(pdf)
    alts = [alt for tag, alt in found if tag == "Figure"]
    assert alts == [
        'Une courbe "monte" de 0 à 210 000.',
        'Un carré "noir" & blanc.',
        "Un trait.",
    ]
    counts = {name: sum(1 for tag, _ in found if tag == name) for name in ("Table", "TH", "Note")}
    assert counts == {"Table": 2, "TH": 4, "Note": 1}
    headings = [tag for tag, _ in found if tag in ("H1", "H2")]
    assert headings == ["H1", "H1", "H2", "H1", "H1"]


def test_typst_has_real_figures_references_and_labels(project):
    source = typst(project)
    assert 'image("review_files/fig-users.svg", alt: "Une courbe \\"monte\\" de 0' in source
    assert 'kind: "quarto-float-fig", supplement: "Figure", numbering: "1")<fig-users>' in source
    assert 'kind: "quarto-float-tbl", supplement: "Tableau", numbering: "1")<tbl-ranks>' in source
    assert "#ref(<sec-method>, supplement: [section])" in source
    assert "#ref(<fig-users>, supplement: [])" in source
    assert "<sec-tchap>" in source
    assert "Seulement sur papier." in source and "écran" not in source


def test_same_bytes_from_two_folders(tmp_path):
    one = render(stage(tmp_path / "one"), "embedded")
    two = render(stage(tmp_path / "elsewhere" / "two"), "embedded")
    assert one.html.read_bytes() == two.html.read_bytes()
    assert one.pdf.read_bytes() == two.pdf.read_bytes()


def test_source_date_epoch_decides(project, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    made = render(project, "embedded", formats=["typst"])
    assert made.html is None
    with pikepdf.open(made.pdf) as opened, opened.open_metadata() as meta:
        assert meta["xmp:CreateDate"] == "1970-01-01T00:00:00+00:00"


def test_headings_move_up_when_there_is_no_chapter(project):
    for name in ("chapters/_a.qmd", "chapters/_b.qmd", "review.qmd"):
        text = (project / name).read_text(encoding="utf-8")
        text = re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE)
        text = re.sub(r"(voir )?@sec-[a-z]+", "ailleurs", text)
        (project / name).write_text(text, encoding="utf-8")
    assert "\n= Tchap" in typst(project)


def test_profile(project):
    text = render(project, "embedded", ["html"], profile="en").html.read_text(encoding="utf-8")
    assert "In English." in text and "En français." not in text
    assert "subtitle" not in text


@pytest.mark.parametrize("how", ["variable", "file"])
def test_profile_as_quarto_finds_it(project, monkeypatch, how):
    edit(project, "_quarto.yml", "profile:\n  default: fr\n", "")
    monkeypatch.delenv("QUARTO_PROFILE", raising=False)
    assert load(project).profile is None
    if how == "variable":
        monkeypatch.setenv("QUARTO_PROFILE", "en")
    else:
        (project / "profile").write_text("en\n")
    assert load(project).profile == "en"


def test_a_font_that_is_missing_is_told(project):
    edit(project, "_quarto.yml", "mainfont: Libertinus Serif", "mainfont: No Such Font")
    made = render(project, "embedded", ["typst"])
    assert any("no such font" in warning for warning in made.warnings)


def test_fonts_of_the_project(project):
    from fontpkg_source_sans_3 import __file__ as package

    fonts = sorted((Path(package).parent / "files").glob("*.ttf"))
    (project / "fonts").mkdir()
    for font in fonts:
        (project / "fonts" / font.name).write_bytes(font.read_bytes())
    edit(project, "_quarto.yml", "mainfont: Libertinus Serif", "mainfont: Source Sans 3")
    edit(project, "_quarto.yml", "papersize: a4", "papersize: a4\n    font-paths: [fonts]")
    made = render(project, "embedded", ["typst"])
    assert made.warnings == ()
    with pikepdf.open(made.pdf) as opened:
        names = {str(o.get("/BaseFont", "")) for o in opened.objects if hasattr(o, "get")}
    assert any("SourceSans3" in name for name in names)


def test_typst_refuses_a_document_without_alternative_text(project):
    edit(project, "typst-template.typ", "  doc\n}", '  image("pictures/mark.svg")\n  doc\n}')
    with pytest.raises(RenderError, match=r"Typst refused the PDF.*alt"):
        render(project, "embedded", ["typst"])


# The filter for Quarto ---------------------------------------------------------------


def test_filter_removes_what_quarto_notes_on_a_cell():
    cell = '::: {.quarto-embed-nb-cell notebook="/else/x.ipynb" notebook-title="x" lang="fr"}\n'
    cell += '::: {.cell quarto-private-1="{}" papermill="{}" execution_count=3}\nMot\n:::\n:::\n'
    kept = '<divclass="quarto-embed-nb-cell"lang="fr"><divclass="cell"><p>Mot</p></div></div>'
    assert "".join(filtered(cell, "strip-notebook.lua").split()) == kept
    assert filtered(cell, "strip-notebook.lua", to="typst").count("#block[") == 1


def test_filter_moves_the_alternative_text_to_the_picture():
    figure = '::: {#fig-x alt="Une \\"ligne\\""}\n![](x.svg)\n\n![](y.svg){alt="Autre"}\n:::\n'
    page = BeautifulSoup(filtered(figure, "strip-notebook.lua"), "html.parser")
    assert page.div.attrs == {"id": "fig-x"}
    assert [img["alt"] for img in page.find_all("img")] == ['Une "ligne"', "Autre"]


# Words from elsewhere -----------------------------------------------------------

UNTRUSTED = [
    "<script>alert(1)</script>",
    '#eval("panic()") #panic()',
    "$x^2$ and $$y$$",
    "{{< include /etc/passwd >}} {{{< var x >}}}",
    "*a* _b_ **c** `d` ~~e~~ ^f^ [g](h) ![i](j)",
    "@fig-users @nobody [@x] [^1]",
    "# h\n\n- item\n\n::: {.callout-note}",
    "| a | b |\n|---|",
    "\\n \\ \\# \\",
    "a -- b --- c... 'd' \"e\" &amp; &#60;",
    "    indented",
    "1. one",
    "`{=typst}` `#panic()`{=typst} <!-- x -->",
    "https://example.org/a_b_c <https://x.y> mailto:a@b.c",
    "= t <label> /* c */ // d",
    "http://x/*",
]


@pytest.mark.parametrize("text", UNTRUSTED)
def test_untrusted_words_stay_words(project, text):
    shown = " ".join(text.split())
    value = escape_markdown(text).replace("'", "''")
    lines = (project / "_variables.yml").read_text(encoding="utf-8").split("\n")
    lines = [line for line in lines if not line.startswith("untrusted:")]
    (project / "_variables.yml").write_text("\n".join([*lines, f"untrusted: '{value}'"]) + "\n")
    append(project, "chapters/_b.qmd", "\nDu texte : {{< var untrusted >}} fin.\n")
    append(
        project,
        "chapters/_b.qmd",
        "\n| A |\n|---|\n| {{< var untrusted >}} |\n\n## {{< var untrusted >}} {#plain}\n",
    )
    made = render(project, "embedded")
    page = BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
    paragraph = next(p for p in page.find_all("p") if p.text.startswith("Du texte"))
    assert " ".join(paragraph.text.split()) == f"Du texte : {shown} fin."
    assert not paragraph.find_all()
    assert page.find_all("td")[-1].text.strip() == shown
    assert page.find(id="plain").find("h2").text.endswith(shown)
    assert not page.find_all("script")


def test_untrusted_words_in_typst(project, tmp_path):
    import typst as compiler

    for text in UNTRUSTED:
        append(project, "chapters/_b.qmd", f"\nDébut {escape_markdown(text)} fin.\n")
    source = typst(project)
    body = "\n\n".join(re.findall(r"^Début .*fin\.$", source, re.MULTILINE))
    (tmp_path / "only.typ").write_text(body, encoding="utf-8")
    found = compiler.query(
        str(tmp_path / "only.typ"), "selector.or(math.equation, raw, ref, link, figure)"
    )
    assert found == "[]"
    assert source.count("Début") == len(UNTRUSTED)


def test_untrusted_words_in_a_caption_and_an_alternative_text(project):
    hostile = 'a "b" {.c} \\ <i> & #x $y$ end'
    add_cell(
        project,
        f"#| label: fig-hostile\n#| fig-cap: '{escape_markdown(hostile)}'\n"
        f"#| fig-alt: '{hostile}'\nchart()",
        result(image__svg_xml=SVG),
    )
    append(project, "chapters/_b.qmd", "\n{{< embed notebooks/x.ipynb#fig-hostile >}}\n")
    made = render(project, "embedded")
    page = BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
    figure = page.find(id="fig-hostile")
    assert figure.img["alt"] == hostile
    assert figure.figcaption.text.strip() == f"Figure\xa04: {hostile}"
    with pikepdf.open(made.pdf) as opened:
        assert ("Figure", hostile) in tags(opened)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_any_words_stay_words(texts):
    import pypandoc

    source = "\n\n".join(f"x{escape_markdown(text)}x" for text in texts)
    read = json.loads(pypandoc.convert_text(source, "json", format="markdown"))["blocks"]
    assert [block["t"] for block in read] == ["Para"] * len(texts)
    kinds = {inline["t"] for block in read for inline in block["c"]}
    assert kinds <= {"Str", "Space"}


def test_escape_attribute():
    assert escape_attribute('a "b" \\ & {c}\n d') == r"a \"b\" \\ \& \{c\} d"


# Faults -------------------------------------------------------------------------

IMAGE = result(image__svg_xml=SVG)
TEXT_FAULTS = [
    ("{{< video film.mp4 >}}", "unknown shortcode video"),
    ("{{< var no.such >}}", "var no.such: no such value in _variables.yml"),
    ("{{< var tchap >}}", "var tchap: no such value in _variables.yml"),
    ("{{< meta no-such >}}", "meta no-such: no such value in the metadata"),
    ("{{<var tchap.users>}}", "a shortcode has a space after {{< and before >}}"),
    ("{{< var tchap.share >}}", "var tchap.share: write it as text in _variables.yml"),
    ("```\n{{< include chapters/_a.qmd >}}\n```", "Quarto would resolve this even in code"),
    ("Un appel[^none].", "the note none is not written"),
    ("[^n]: Un.\n\n[^n]: Deux.", "the note n is written twice"),
    ("Une formule $x^2$.", "a formula has no alternative text"),
    ("| A |\n|---|\n| 1 |\n\n: Sans étiquette.", "a captioned table needs a label"),
    ("[@fig-users; @dinum2020]", "references and citations do not share brackets"),
    ("{{< var a b >}}", "var takes one name"),
    ("{{< var tchap.users", "a shortcode is not closed on its line"),
    ("Et {{< include chapters/_b.qmd >}}", "include must stand alone on its line"),
    ("{{< include _none.qmd >}}", "include _none.qmd: no such file"),
    ("{{< include ../secret.qmd >}}", "outside the project folder"),
    ("{{< include chapters/_b.qmd >}}", "the file includes itself"),
    ("{{< embed notebooks/x.ipynb >}}", "name a cell"),
    ("{{< embed notebooks/x.ipynb#fig-none >}}", "no cell is labelled fig-none"),
    ("{{< embed notebooks/none.ipynb#fig-a >}}", "no such notebook, seen from review.qmd"),
    ("{{< embed ../x.ipynb#fig-a >}}", "outside the project folder"),
    ("{{< embed chapters/_a.qmd#fig-a >}}", "only notebooks can be embedded"),
    ("{{< embed notebooks/x.ipynb#prose warning=true >}}", "embed knows only echo=true"),
    ("Voir @fig-none.", "@fig-none refers to nothing"),
    ("Voir [-@tbl-none].", "@tbl-none refers to nothing"),
    ("Voir @sec-none.", "@sec-none refers to nothing"),
    ("Voir @eq-one.", "@eq-one: only fig-, tbl- and sec-"),
    ("Voir @nobody2020.", "@nobody2020 is neither a label nor a reference"),
    ("# Encore {#sec-method}", "the label sec-method is already at chapters/_b.qmd:1"),
    ("[x]{#eq-x}", "#eq-x: only fig-, tbl- and sec- are numbered"),
    ("::: {.callout-danger}\nx\n:::", "unknown callout danger"),
    ("::: {.callout}\nx\n:::", "unknown callout"),
    ("::: {.callout-tip}\nx\n:::", "callout-tip needs a title"),
    ("::: {.panel-tabset}\nx\n:::", ".panel-tabset is outside the dialect"),
    ("::: {.x layout-ncol=2}\nx\n:::", "layout-ncol is outside the dialect"),
    ("::: {.note}\nx", "this ::: block is not closed"),
    ('::: {.content-visible when-format="pdf"}\nx\n:::', "only html and typst are rendered"),
    ("::: {.content-hidden}\nx\n:::", "conditional content without"),
    ("![](pictures/mark.svg)", "pictures/mark.svg lacks its alternative text"),
    ("![Mot](pictures/mark.svg)", "a captioned picture needs a label"),
    ("![Mot](pictures/mark.svg){#fig-new}", "fig-new lacks its alternative text"),
    ('![](pictures/mark.svg){#fig-new fig-alt="x"}', "fig-new lacks a caption"),
    ("Un ![mot](none.svg) ici", "none.svg: no such picture"),
    ("Un ![mot](https://example.org/a.svg) ici", "pictures come from the project"),
    ("Un ![mot](/etc/a.svg) ici", "/etc/a.svg: outside the project folder"),
    ('::: {#fig-new fig-alt="x"}\n![](pictures/mark.svg)\n:::', "fig-new lacks a caption"),
    ("::: {#fig-new}\n![](pictures/mark.svg)\n\nMot\n:::", "lacks its alternative text"),
    ('::: {#fig-new fig-alt="x"}\nRien\n\nMot\n:::', "fig-new must hold one picture"),
    ('Un ![mot](pictures/mark.svg){fig-align="left"} ici', "fig-align is outside the dialect"),
    ("```{python}\n1\n```", "a {python} cell: execute it in a notebook"),
]


def faults_of(project):
    with pytest.raises(DialectError) as caught:
        render(project, "embedded")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(("text", "message"), TEXT_FAULTS)
def test_fault_in_the_text(project, text, message):
    edit(project, "_variables.yml", "tchap:\n", "tchap:\n  share: 0.5\n")
    line = append(project, "chapters/_b.qmd", f"\n{text}\n") + 1
    found = faults_of(project)
    lines = range(line, line + text.count("\n") + 1)
    said = [re.match(r"chapters/_b\.qmd:(\d+): (.*)", fault) for fault in found]
    assert any(m and int(m[1]) in lines and message in m[2] for m in said), found
    assert check_staged(project) == found


LATE_FAULTS = [
    ("Une formule \\(x^2\\) $a\nb$.", "a formula has no alternative text"),
    (
        "  A     B\n ---   ---\n 1     2\n\nTable: Sans étiquette.",
        "a captioned table needs a label",
    ),
    ("[@fig-users;\n@dinum2020]", "references and citations do not share brackets"),
]


@pytest.mark.parametrize(("text", "message"), LATE_FAULTS)
def test_fault_that_pandoc_sees(project, text, message):
    append(project, "chapters/_b.qmd", f"\n{text}\n")
    found = faults_of(project)
    assert any(message in f and re.match(r"chapters/_\w\.qmd:\d+: ", f) for f in found), found


CELL_FAULTS = [
    ("#| label: c", [result(text__html="<b>", text__plain="b")], "an output is text/html"),
    ("#| label: fig-c\n#| fig-cap: x", [IMAGE], "fig-c lacks fig-alt"),
    ("#| label: fig-c\n#| fig-alt: x", [IMAGE], "fig-c lacks fig-cap"),
    ("#| label: tbl-c", [result(text__markdown="| a |")], "tbl-c lacks tbl-cap"),
    ("#| label: fig-c\n#| fig-cap: x\n#| fig-alt: y", [IMAGE, IMAGE], "several pictures"),
    ("#| label: fig-c\n#| fig-cap: x\n#| fig-alt: y", [result(text__plain="x")], "no picture"),
    ("#| label: c", [result(application__pdf="x")], "neither SVG, PNG, Markdown nor plain"),
    ("#| label: c", [], "the cell shows nothing"),
    ("#| label: c\n#| include: false", [IMAGE], "the cell shows nothing"),
    ("#| label: c", [result(text__markdown="{{< var tchap.users >}}")], "holds a shortcode"),
    ("#| label: c", [result(text__markdown="::: {.x}\na")], "leaves a `:::` block open"),
    ("#| label: c\n#| fig-cap: x: y", [IMAGE], "its options are not YAML"),
    ("#| label: c\n#| fig-cap: x", [IMAGE], "no label that begins with fig-"),
    (
        "#| label: c",
        [IMAGE, {"output_type": "stream", "name": "stdout", "text": "x"}],
        "the cell prints beside its output",
    ),
    (
        "#| label: c",
        [{"output_type": "stream", "name": "stderr", "text": "x"}],
        "the cell wrote to stderr",
    ),
    (
        "#| label: c",
        [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}],
        "the cell ended with an error",
    ),
]


@pytest.mark.parametrize(("source", "outputs", "message"), CELL_FAULTS, ids=lambda v: None)
def test_fault_in_a_cell(project, source, outputs, message):
    label = source.split("\n")[0].removeprefix("#| label: ")
    add_cell(project, f"{source}\nf()", *outputs)
    line = (
        append(project, "chapters/_b.qmd", f"\n{{{{< embed notebooks/x.ipynb#{label} >}}}}\n") + 1
    )
    found = faults_of(project)
    expected = f"chapters/_b.qmd:{line}: embed notebooks/x.ipynb#{label}: "
    assert any(f.startswith(expected) and message in f for f in found), found


def test_a_date_of_the_metadata_can_be_written(project):
    append(project, "chapters/_b.qmd", "\nArrêté au {{< meta as-of >}}.\n")
    text = render(project, "embedded", ["html"]).html.read_text(encoding="utf-8")
    assert "Arrêté au 2020-12-31." in text


@pytest.mark.parametrize("name", ["chapters/_b.qmd", "_variables.yml", "review.qmd"])
def test_fault_in_the_encoding(project, name):
    (project / name).write_bytes("été".encode("latin-1"))
    assert f"{name}:1: the file is not UTF-8" in faults_of(project)


def test_size_of_a_picture(project):
    for size in ("50%", "8cm", "96", "48px"):
        picture = f"\nUn ![trait](pictures/mark.svg){{width={size}}} ici.\n"
        append(project, "chapters/_b.qmd", picture)
    source = typst(project)
    found = re.findall(r'alt: "trait", width: ([^)]*)\)', source)
    assert found == ["50%", "8cm", "1in", "0.5in"]


def test_printed_text_is_shown_as_code_when_there_is_nothing_else(project):
    stream = {"output_type": "stream", "name": "stdout", "text": "un ``` deux\n"}
    add_cell(project, "#| label: said\nprint()", stream)
    append(project, "chapters/_b.qmd", "\n{{< embed notebooks/x.ipynb#said >}}\n")
    page = render(project, "embedded", ["html"]).html.read_text(encoding="utf-8")
    cell = BeautifulSoup(page, "html.parser").find(id="cell-said")
    assert cell.find(class_="cell-output-stdout").text.strip() == "un ``` deux"


def test_all_faults_come_at_once(project):
    append(project, "chapters/_a.qmd", "\n{{< kbd x >}}\n\nVoir @fig-none.\n")
    append(project, "chapters/_b.qmd", "\n{{< var none >}}\n")
    assert len(faults_of(project)) == 3


def test_a_label_may_differ_by_format(project):
    block = '\n::: {{.content-visible when-format="{}"}}\n[x]{{#same}}\n:::\n'
    append(project, "chapters/_b.qmd", block.format("html") + block.format("typst"))
    assert check_staged(project) == []


CONFIG_FAULTS = [
    ("type: default", "type: book", "_quarto.yml:2: project type must be default"),
    ("render: [review.qmd]", "render: ['*.qmd']", "project must have render: [review.qmd]"),
    ("enabled: false", "enabled: true", "_quarto.yml:6: execute must be {enabled: false}"),
    ("enabled: false", "enabled: false\n  freeze: auto", "_quarto.yml:8: no freeze"),
    ("theme: none", "theme: cosmo", "html needs theme: none"),
    ("minimal: true", "minimal: false", "html needs minimal: true"),
    ("[a-2b, ua-1]", "[a-2b]", "typst needs pdf-standard: [a-2b, ua-1]"),
    ("number-sections: true", "number-sections: false", "@sec- needs number-sections: true"),
    ("  tbl-title: Tableau\n", "", "lang: fr needs crossref: {tbl-title: Tableau}"),
    ("  tbl-prefix: Tableau\n", "", "lang: fr needs crossref: {tbl-prefix: Tableau}"),
    ("at: post-render", "at: pre-ast", "a post-render filter must remove `notebook`"),
    ("css: review.css", "css: /srv/review.css", "css: an absolute path"),
    ("css: review.css", "css: none.css", "css none.css: no such file"),
    ("css: review.css", "css: ../x.css", "css ../x.css: outside the project folder"),
    ("template: template.html", "toc: true", "html needs a template of the project"),
    ("citeproc: true\n", "", "a bibliography needs citeproc: true for Typst"),
    ("[typst-template.typ, typst-show.typ]", "[typst-show.typ]", "typst needs template-partials"),
    ("references.json", "none.json", "bibliography none.json: no such file"),
    ("callout-icon: false\n", "", "callouts need callout-icon: false"),
    ("lang: fr", "lang: [fr", "not YAML"),
]


@pytest.mark.parametrize(("old", "new", "message"), CONFIG_FAULTS)
def test_rule_of_the_configuration(project, old, new, message):
    edit(project, "_quarto.yml", old, new)
    found = check_staged(project)
    assert any(message in fault for fault in found), found
    assert all(re.match(r"[^:]+:\d+: ", fault) for fault in found)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<!DOCTYPE html>", "<!doctype html>", "template.html:1: the template must begin with"),
        ('<meta charset="utf-8">\n', '<meta charset="utf-8">', "template.html:4: <meta charset>"),
    ],
)
def test_rule_of_the_template(project, old, new, message):
    edit(project, "template.html", old, new)
    assert any(message in fault for fault in check_staged(project))


def test_the_projects_own_path_is_refused(project):
    line = append(project, "chapters/_b.qmd", f"\nFait dans {project.resolve()}.\n") + 1
    fault = f"chapters/_b.qmd:{line}: the absolute path of the project"
    assert fault in check_staged(project)


@pytest.mark.parametrize("mime", ["text__markdown", "image__svg_xml"])
def test_the_projects_own_path_in_an_output_is_refused(project, mime):
    add_cell(project, "#| label: c\n#| fig-alt: x\nf()", result(**{mime: f"<svg>{project}</svg>"}))
    line = append(project, "chapters/_b.qmd", "\n{{< embed notebooks/x.ipynb#c >}}\n") + 1
    fault = next(f for f in check_staged(project) if "the absolute path of the project" in f)
    assert fault.startswith(f"chapters/_b.qmd:{line}: ")


def test_a_title_is_needed(project):
    edit(project, "review.qmd", "title: Bilan 2020\n", "")
    edit(project, "chapters/_a.qmd", "{{< meta title >}}", "nous")
    assert any("needs a title" in fault for fault in check_staged(project))


# Quarto or not ------------------------------------------------------------------


def fake_quarto(folder: Path, version: str) -> None:
    folder.mkdir()
    script = folder / "quarto"
    script.write_text(f"#!{sys.executable}\nprint({version!r})\n")
    script.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "reason"),
    [("1.9.38", "quarto 1.9.38 is older than 1.10"), ("what", "does not tell a version")],
)
def test_a_quarto_that_cannot_be_used(project, tmp_path, monkeypatch, version, reason):
    fake_quarto(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_quarto() is None
    assert reason in quarto.status().reason
    made = render(project, "auto", ["html"])
    assert made.renderer == "embedded" and reason in made.reason
    with pytest.raises(RenderError, match=re.escape(reason)):
        render(project, "quarto")


@pytest.mark.parametrize("version", ["1.10.0", "1.11.4", "2.0.1", "99.9.9"])
def test_a_quarto_that_can_be_used(tmp_path, monkeypatch, version):
    fake_quarto(tmp_path / "bin", version)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_quarto() == (str(tmp_path / "bin" / "quarto"), version)


def test_how_quarto_is_called(project, tmp_path, monkeypatch):
    fake_quarto(tmp_path / "bin", "1.11.0")
    script = tmp_path / "bin" / "quarto"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "if sys.argv[1] == '--version':\n"
        "    print('1.11.0'); sys.exit()\n"
        "name = sys.argv[sys.argv.index('--to') + 1]\n"
        "out = {'html': 'review.html', 'typst': 'review.pdf'}[name]\n"
        "open(out, 'w').write(' '.join(sys.argv[1:]) + '|' + os.environ['SOURCE_DATE_EPOCH'])\n"
        "assert 'QUARTO_ROOT' not in os.environ\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("QUARTO_ROOT", "x")
    made = render(project)
    assert (made.renderer, made.version) == ("quarto", "1.11.0")
    said = made.html.read_text()
    assert said == "render review.qmd --to html --no-execute --profile fr|1609372800"


def test_quartos_refusal_is_one_message(project, tmp_path, monkeypatch):
    fake_quarto(tmp_path / "bin", "1.11.0")
    script = tmp_path / "bin" / "quarto"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nif sys.argv[1] == '--version':\n"
        "    print('1.11.0'); sys.exit()\nsys.exit('\\x1b[31mERROR: no\\x1b[0m')\n"
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RenderError, match=r"quarto render --to html failed:\nERROR: no$"):
        render(project, "quarto")


def test_unknown_renderer(project):
    with pytest.raises(ValueError, match="unknown format or renderer: word"):
        render(project, "word")
    with pytest.raises(ValueError, match="unknown format or renderer: docx"):
        render(project, "embedded", ["docx"])


def test_a_caption_keeps_its_no_break_spaces():
    cell = Cell(1, {"label": "fig-x", "fig-cap": "Comptes\u00a0: 1\u202f000\n  par an "}, "", [])
    assert cell.caption() == "Comptes\u00a0: 1\u202f000 par an"


@pytest.mark.parametrize(
    ("lang", "first_day", "other"),
    [("fr", "1er\u00a0août 2020", "2\u00a0août 2020"), ("en", "1 August 2020", "2 August 2020")],
)
def test_a_source_is_dated_as_its_language_does(lang, first_day, other):
    import pypandoc

    style = FILTERS.parent / "sources.csl"
    for day, said in ((1, first_day), (2, other)):
        issued = f"issued: {{date-parts: [[2020, 8, {day}]]}}"
        source = f"---\nlang: {lang}\nreferences:\n- id: a\n  title: T\n  {issued}\n---\n@a\n"
        text = pypandoc.convert_text(
            source, "plain", format="markdown", extra_args=["--citeproc", f"--csl={style}"]
        )
        assert said in text.replace("\n", " ")


def filtered(text: str, name: str, to: str = "html", lang: str = "fr-FR") -> str:
    import pypandoc

    options = ["--wrap=none", f"--metadata=lang:{lang}", f"--lua-filter={FILTERS / name}"]
    return pypandoc.convert_text(text, to, format="markdown", extra_args=options)


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("la 15e sur 28,", "la 15<sup>e</sup> sur 28,"),
        ("le 1er\u00a0août", "le 1<sup>er</sup>\u00a0août"),
        ("entre la 8e et la 20e", "entre la 8<sup>e</sup> et la 20<sup>e</sup>"),
        ("(1er)", "(1<sup>er</sup>)"),
        ("`15e` et s15e, 15es, 1900", "<code>15e</code> et s15e, 15es, 1900"),
    ],
)
def test_french_ordinals_are_raised(typed: str, html: str):
    assert html in filtered(typed, "markup.lua")
    assert "<sup>" not in filtered(typed, "markup.lua", lang="en-GB")


GLOSSARY = """# Un {#sec-un}

La DINUM, « DINUM », l’API ; [DESI](https://desi) et api.gouv.fr ou FranceConnect+.

::: {.source}
Source : DESI.
:::

## DESI

# Deux {#sec-deux}

DINUM, *DESI* et quantile.

# Glossaire {#sec-glossaire}

API
:   Porte de la DINUM.

DESI
:   Indice.

DINUM
:   Direction.

FranceConnect
:   Agrégateur.

FranceConnect+
:   Version plus sûre.

quantile
:   Valeur.
"""


def test_a_chapter_links_the_first_use_of_a_word_to_its_meaning():
    page = BeautifulSoup(filtered(GLOSSARY, "glossary.lua"), "html.parser")
    met = [(a.get_text(), a["href"]) for a in page.select("a.term")]
    first = [("DINUM", "#terme-dinum"), ("API", "#terme-api")]
    first.append(("FranceConnect+", "#terme-franceconnect-plus"))
    assert met == [*first, ("DINUM", "#terme-dinum"), ("DESI", "#terme-desi")]
    for _, target in met:
        assert page.select_one(target).find_parent("dt")


def test_paper_keeps_the_glossary_s_words_as_they_are():
    assert "terme-" not in filtered(GLOSSARY, "glossary.lua", to="typst")


def test_notes_in_a_row_stand_beside_one_text_on_paper():
    note = "::: {.margin}\nNote {}.\n:::\n\n"
    text = note.replace("{}", "one") + note.replace("{}", "two") + "The text.\n\n# Next\n"
    typst = filtered(text, "markup.lua", to="typst", lang="en-GB")
    assert typst.count("#margin-note[") == 1
    notes, beside = typst.split("#margin-note[")[1].split("][")
    assert notes.index("Note one.") < notes.index("#next-note") < notes.index("Note two.")
    assert beside.strip().startswith("The text.")
