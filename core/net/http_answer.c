#include "base/clock.h"
#include "net/http_conn.h"

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {200,  "OK"                             },
    { 201, "Created"                        },
    { 202, "Accepted"                       },
    { 203, "Non-Authoritative Information"  },
    { 204, "No Content"                     },
    { 205, "Reset Content"                  },
    { 206, "Partial Content"                },
    { 300, "Multiple Choices"               },
    { 301, "Moved Permanently"              },
    { 302, "Found"                          },
    { 303, "See Other"                      },
    { 304, "Not Modified"                   },
    { 307, "Temporary Redirect"             },
    { 308, "Permanent Redirect"             },
    { 400, "Bad Request"                    },
    { 401, "Unauthorized"                   },
    { 402, "Payment Required"               },
    { 403, "Forbidden"                      },
    { 404, "Not Found"                      },
    { 405, "Method Not Allowed"             },
    { 406, "Not Acceptable"                 },
    { 408, "Request Timeout"                },
    { 409, "Conflict"                       },
    { 410, "Gone"                           },
    { 411, "Length Required"                },
    { 412, "Precondition Failed"            },
    { 413, "Content Too Large"              },
    { 414, "URI Too Long"                   },
    { 415, "Unsupported Media Type"         },
    { 417, "Expectation Failed"             },
    { 421, "Misdirected Request"            },
    { 422, "Unprocessable Content"          },
    { 425, "Too Early"                      },
    { 428, "Precondition Required"          },
    { 429, "Too Many Requests"              },
    { 431, "Request Header Fields Too Large"},
    { 500, "Internal Server Error"          },
    { 501, "Not Implemented"                },
    { 502, "Bad Gateway"                    },
    { 503, "Service Unavailable"            },
    { 504, "Gateway Timeout"                },
    { 505, "HTTP Version Not Supported"     },
};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return "";
}

void http_add_header(struct buf *headers, const char *name, struct slice value)
{
    if (!http_value_is_valid(value))
        headers->failed = true;
    buf_add_text(headers, name);
    buf_add(headers, SL(": "));
    buf_add(headers, value);
    buf_add(headers, SL("\r\n"));
}

/* Formatted once a second. */
static const char *date_text(void)
{
    static char text[CLOCK_TEXT];
    static int64_t second;
    int64_t now = clock_now();

    if (now != second) {
        second = now;
        clock_format_http(now, text);
    }
    return text;
}

bool http_answer_has_body(int status)
{
    return status != 204 && status != 304;
}

void http_answer_write_head(struct buf *head, const struct http_answer *answer, bool closing)
{
    buf_reset(head);
    buf_add(head, SL("HTTP/1.1 "));
    buf_add_u64(head, (uint64_t)answer->status);
    buf_add_byte(head, ' ');
    buf_add_text(head, http_status_text(answer->status));
    buf_add(head, SL("\r\nDate: "));
    buf_add_text(head, date_text());
    if (http_answer_has_body(answer->status)) {
        buf_add(head, SL("\r\nContent-Length: "));
        buf_add_u64(head, answer->body.len);
    }
    buf_add(head, closing ? SL("\r\nConnection: close\r\n") : SL("\r\n"));
}
