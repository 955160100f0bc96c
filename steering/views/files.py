"""Sending a list as a file. Every list of steering does it here."""

from django.http import FileResponse, Http404, StreamingHttpResponse

KINDS = ("csv", "xlsx")


def send(request, kind: str, sheet):
    """`sheet` (export.Sheet) as CSV or XLSX; written to the trail. Other kinds of files do not exist."""
    if kind not in KINDS:
        raise Http404
    sheet.record(kind, by=request.user)
    name = f"{sheet.file_name}.{kind}"
    if kind == "xlsx":
        return FileResponse(sheet.xlsx(), as_attachment=True, filename=name)
    answer = StreamingHttpResponse(sheet.csv(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
