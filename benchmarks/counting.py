"""Middleware that says in a header how many queries an answer took."""

from django.db import connection

HEADER = "X-Queries"


def count_queries(get_response):
    def answer(request):
        number = 0

        def counted(execute, *args):
            nonlocal number
            number += 1
            return execute(*args)

        with connection.execute_wrapper(counted):
            response = get_response(request)
        response[HEADER] = str(number)
        return response

    return answer
