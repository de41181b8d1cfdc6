"""`almanac serve`: the API and the pages."""

from fastapi import FastAPI

from activities.notifications.first_mail import FirstMails
from api.app import create_app
from api.logging import configure_logging
from api.server import serve as serve_pages
from commands.letterhead import letterhead
from config import load_settings


def serve() -> None:
    """Serve the API and the pages at ALMANAC_API_HOST and ALMANAC_API_PORT."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    serve_pages(settings, "commands.serve:application")


def application() -> FastAPI:
    """The API and the pages, with what words the mails that a launch check shows."""
    mails = letterhead(load_settings())
    return create_app(first_mails=FirstMails(mails.site(), mails.lifetimes))
