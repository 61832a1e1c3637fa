"""Photos: uploading, listing and showing them, and how well they print."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, post
from litestar.concurrency import sync_to_thread
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.crops import CropRecipe
from printapic.domain.ids import ImageId
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import ShopRequest
from printapic.entrypoints.http.downloads import attachment, blocks
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.image_bodies import ImageBody, PrintabilityBody, image_body, printability_body
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import MADE, NOT_CHANGED, etag, shown, unchanged
from printapic.entrypoints.http.uploads import receive, spool
from printapic.entrypoints.settings import Settings

_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
_DAY_S = 86_400


class ImageController(Controller):
    path = "/v1/images"
    tags = ("images",)

    @post(
        operation_id="upload_image",
        summary="Upload one photo as the part `file` of multipart/form-data",
        opt=allow(Permission.IMAGE_OWN, problems=(408, 413, 415, 422, 503)) | taking(Load.UPLOAD),
        responses={200: ResponseSpec(ImageBody, description="This very photo is there already")},
        response_headers=MADE,
        request_max_body_size=None,
    )
    async def upload(
        self,
        request: ShopRequest,
        shop: Given[Shop],
        principal: Given[Principal],
        settings: Given[Settings],
    ) -> Response[ImageBody]:
        with spool() as file:
            received = await receive(request, file, max_bytes=settings.max_upload_bytes)
            uploaded = await sync_to_thread(
                shop.upload_image,
                owner_id=principal.user_id,
                file=received.file,
                size_bytes=received.size_bytes,
                sha256=received.sha256,
                file_name=received.name,
            )
        return Response(
            image_body(uploaded.image),
            status_code=201 if uploaded.created else 200,
            headers={"Location": f"/v1/images/{uploaded.image.id}"},
        )

    @get(
        operation_id="list_images",
        summary="List one's own photos, newest first",
        opt=allow(Permission.IMAGE_OWN, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        principal: Given[Principal],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[ImageBody]:
        before = id_of(cursor, request)
        found = shop.list_images(
            owner_id=principal.user_id, before=ImageId(before) if before else None, limit=limit + 1
        )
        return page(found, limit, request, show=image_body, key=lambda image: image.id)

    @get(
        "/{image_id:uuid}",
        operation_id="read_image",
        summary="Read what is known of a photo",
        opt=allow(Permission.IMAGE_OWN, problems=(404,)),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def read(
        self,
        request: Request[Any, Any, Any],
        image_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[ImageBody]:
        image = shop.read_image(image_id=ImageId(image_id), owner_id=principal.user_id)
        return shown(request, image.version, image_body(image))

    @delete(
        "/{image_id:uuid}",
        operation_id="delete_image",
        summary="Delete a photo that no unfinished order needs",
        opt=allow(Permission.IMAGE_OWN, problems=(404, 409)),
        sync_to_thread=True,
    )
    def remove(self, image_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]) -> None:
        shop.delete_image(image_id=ImageId(image_id), owner_id=principal.user_id)

    @get(
        "/{image_id:uuid}/original",
        operation_id="read_original",
        summary="Download the untouched bytes",
        opt=allow(Permission.IMAGE_OWN, problems=(404,)) | taking(Load.HEAVY),
        media_type="application/octet-stream",
        sync_to_thread=True,
    )
    def original(self, image_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]) -> Stream:
        original = shop.read_original(image_id=ImageId(image_id), owner_id=principal.user_id)
        image = original.image
        name = image.file_name or f"{image.id}.{image.facts.format.value}"
        opened = ExitStack()
        file = opened.enter_context(original.open())
        return Stream(
            blocks(file, opened),
            media_type=image.facts.format.content_type,
            headers={
                "Content-Length": str(image.size_bytes),
                "Content-Disposition": attachment(name),
                "Content-Security-Policy": _SANDBOX,
            },
        )

    @get(
        "/{image_id:uuid}/renditions/{preset:str}",
        operation_id="read_rendition",
        summary="Look at a photo: `thumbnail`, `preview` or `web`, with or without `.jpg`",
        opt=allow(Permission.IMAGE_OWN, problems=(404, 503)) | taking(Load.HEAVY),
        media_type="image/jpeg",
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def rendition(
        self,
        request: Request[Any, Any, Any],
        image_id: FromPath[UUID],
        preset: FromPath[str],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[bytes]:
        picture = shop.read_rendition(
            image_id=ImageId(image_id), owner_id=principal.user_id, preset=preset.removesuffix(".jpg")
        )
        tag = etag(picture.sha256[:32])
        headers = {
            "ETag": tag,
            "Cache-Control": f"private, max-age={_DAY_S}, immutable",
            "Content-Security-Policy": _SANDBOX,
        }
        if unchanged(request, tag):
            return Response(b"", status_code=304, headers=headers)
        return Response(picture.content, media_type=picture.content_type, headers=headers)

    @get(
        "/{image_id:uuid}/printability",
        operation_id="check_printability",
        summary="Say how a photo prints on everything that we sell",
        opt=allow(Permission.IMAGE_OWN, problems=(404, 422)),
        sync_to_thread=True,
    )
    def printability(
        self,
        image_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        crop: Annotated[
            str | None, QueryParameter(max_length=100, description="`x,y,width,height`, each from 0 to 1.")
        ] = None,
    ) -> PrintabilityBody:
        return printability_body(
            shop.check_printability(
                image_id=ImageId(image_id),
                owner_id=principal.user_id,
                crop=CropRecipe.parse(crop) if crop else None,
            )
        )
