"""The descriptions to begin with: for each kind of directory a commented document in which few lines are to be changed."""

from importlib.resources import files

from radius.errors import NotFound

_FOLDER = files("radius.admin") / "templates"
PRODUCTS = ("openldap", "389-ds", "freeipa", "google", "active-directory")


def template(product: str) -> str:
    """The TOML text for a directory of this kind. Raises NotFound."""
    if product not in PRODUCTS:
        raise NotFound(f"there is no template {product!r}; the templates are: {', '.join(PRODUCTS)}")
    return (_FOLDER / f"{product}.toml").read_text(encoding="utf-8")
