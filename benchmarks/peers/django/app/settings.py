import os
from urllib.parse import unquote, urlsplit

_db = urlsplit(os.environ["DATABASE_URL"])
SECRET_KEY = os.environ["PEERS_SECRET"]
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = ["channels", "rest_framework", "app"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "app.urls"
ASGI_APPLICATION = "app.asgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _db.path[1:],
        "USER": _db.username,
        "PASSWORD": unquote(_db.password or ""),
        "HOST": _db.hostname,
        "PORT": _db.port,
        "OPTIONS": {
            "pool": {"min_size": 10, "max_size": 10}
        },  # Django's own advice for ASGI: psycopg's pool, no CONN_MAX_AGE
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
if os.environ.get("CHANNEL_LAYER") == "memory":
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 5000}}
    }
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                # redis-py 8 defaults: at most 100 connections (a burst of joins then fails) and a read timeout of
                # 5 s, which channels_redis's blocking read also takes: whichever consumer holds that read then
                # loses its websocket
                "hosts": [
                    {
                        "address": os.environ["REDIS_URL"],
                        "max_connections": 5000,
                        "socket_timeout": 30,
                    }
                ],
                "capacity": 5000,  # the default 100 drops messages under these loads
            },
        }
    }
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["app.auth.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
