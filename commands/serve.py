"""`almanac serve`: the API and the pages."""

from api.logging import configure_logging
from api.server import serve as serve_pages
from config import load_settings


def serve() -> None:
    """Serve the API and the pages at ALMANAC_API_HOST and ALMANAC_API_PORT."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    serve_pages(settings)
