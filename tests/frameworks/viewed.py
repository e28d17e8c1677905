"""Views of the Django REST framework and operations of Django Ninja, some of them marked.

Both read Django's settings when they are imported: import ``project`` before this.
"""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI, Router
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from corsmith.adapters.django import cors
from tests.frameworks.pages import PARTNER


class Api(APIView):  # type: ignore[misc]  # DRF has no types
    cors_policy = PARTNER

    def get(self, request: Any) -> Any:
        return Response({})


@cors(PARTNER)
@api_view(["GET", "DELETE"])
def above(request: Any) -> Any:
    return Response({})


@api_view(["GET", "DELETE"])
@cors(PARTNER)
def below(request: Any) -> Any:
    return Response({})


class Things(ViewSet):  # type: ignore[misc]  # as above
    def list(self, request: Any) -> Any:
        return Response([])

    @cors(PARTNER)
    def create(self, request: Any) -> Any:
        return Response({})

    def destroy(self, request: Any, pk: str) -> Any:
        return Response({})

    @cors(PARTNER)
    @action(detail=True, methods=["post"])
    def publish(self, request: Any, pk: str) -> Any:
        return Response({})


router = SimpleRouter()
router.register("things", Things, basename="thing")

ninja = NinjaAPI(urls_namespace="corsmith")
below_ninja = Router()


@ninja.get("/items")
def read_items(request: Any) -> Any:
    return []


@ninja.delete("/items")
@cors(PARTNER)
def delete_items(request: Any) -> Any:
    return {}


@below_ninja.get("/one/{int:number}")
@cors(PARTNER)
async def read_one(request: Any, number: int) -> Any:
    return {}


ninja.add_router("/more", below_ninja)
