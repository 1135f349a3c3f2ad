from django.urls import path

from .views import Gigs, GigStep, Messages

urlpatterns = [
    path("rooms/<int:room>/messages", Messages.as_view()),
    path("gigs", Gigs.as_view()),
    path("gigs/<int:pk>/<str:verb>", GigStep.as_view()),
]
