import json

from django.conf import settings
from django.core.management.utils import get_random_secret_key
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import path

# A project has these in settings.py; here everything is one file.
settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    SECRET_KEY=get_random_secret_key(),
    MIDDLEWARE=["corsmith.adapters.django.CORSMiddleware"],
    CORS_POLICY={"origins": ["https://app.example"], "methods": ["GET", "PUT"]},
)
items = {1: "tea"}


def item(request: HttpRequest, number: int) -> JsonResponse:
    if request.method == "PUT":
        items[number] = json.loads(request.body)["name"]  # without a name: an unhandled 500
    elif number not in items:
        raise Http404
    return JsonResponse({"name": items[number]})


urlpatterns = [path("items/<int:number>", item)]

application = get_wsgi_application()
