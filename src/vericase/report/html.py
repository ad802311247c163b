"""The page as HTML; the only door to jinja2."""

from vericase.report.page import Page
from vericase.report.text import readable

__all__ = ["render"]

_JOINTS = ("_", "::", "/")
#: A name of so many characters fits in a narrow column as it is.
_SHORT = 15


def render(content: Page) -> str:
    """One self-contained HTML document; the same bytes for the same page."""
    import jinja2  # noqa: PLC0415  pytest loads the plugin everywhere; a page is made seldom
    from markupsafe import Markup, escape  # noqa: PLC0415  comes with jinja2

    def shown(value: object) -> object:
        if type(value) is str:
            return readable(value)
        if isinstance(value, Markup):
            return Markup(readable(value))  # noqa: S704  it was markup before
        return readable(str(value))

    def jointed(name: str, short: int = _SHORT) -> Markup:
        # Long names may break after their joints, and nowhere else.
        return Markup(_jointed(str(escape(name)), short))  # noqa: S704  escaped before

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vericase.report"),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Drawings have passed the allow-list of `drawing`; everything else is escaped.
    environment.filters["drawn"] = Markup
    environment.filters["jointed"] = jointed
    return environment.get_template("report.html").render(page=content)


def _jointed(text: str, short: int) -> str:
    if len(text) <= short:
        return text
    for joint in _JOINTS:
        text = text.replace(joint, f"{joint}<wbr>")
    return text
