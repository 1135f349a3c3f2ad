"""The web layer: the app, and what it is made from."""

from switchboard.web.app import SwitchboardApp, create_app
from switchboard.web.services import Services, WebSettings, build_services

__all__ = ["Services", "SwitchboardApp", "WebSettings", "build_services", "create_app"]
