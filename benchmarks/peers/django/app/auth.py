import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


def user_of(token):
    return int(jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])["sub"])


class TokenUser:  # stateless: no user query per request
    is_authenticated = True

    def __init__(self, id):
        self.id = id


class JWTAuthentication(BaseAuthentication):
    def authenticate_header(self, request):
        return "Bearer"

    def authenticate(self, request):
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer":
            return None
        try:
            return TokenUser(user_of(token)), token
        except (jwt.PyJWTError, KeyError, ValueError):
            raise AuthenticationFailed() from None
