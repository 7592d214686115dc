/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-head.h"

#include <string.h>

#define STATUS_BAD_REQUEST      400
#define STATUS_URI_TOO_LONG     414
#define STATUS_EXPECTATION      417
#define STATUS_HEADER_TOO_LARGE 431
#define STATUS_NOT_IMPLEMENTED  501
#define STATUS_VERSION          505

/* More than any client sends; libsoup keeps them in arrays that it searches from end to end. */
#define MAX_HEADERS      100
#define MAX_METHOD_BYTES 32
/* What proxies and other servers take too. */
#define MAX_TARGET_BYTES 8192
/* Digits of 2^63 − 1, one less than would overflow. */
#define MAX_LENGTH_DIGITS 18

typedef struct {
  const char *text;
  gsize length;
} Span;

/* What the guard looks at itself. */
typedef enum {
  KNOWN_HOST,
  KNOWN_CONTENT_LENGTH,
  KNOWN_TRANSFER_ENCODING,
  KNOWN_EXPECT,
  KNOWN_TRAILER,
  KNOWN_TE,
  KNOWN_RANGE,
  KNOWN_IF_RANGE,
  KNOWN_CONTENT_TYPE,
  KNOWN_AUTHORIZATION,
  KNOWN_ORIGIN,
  KNOWN_DEADLINE,
  KNOWN_IDEMPOTENCY_KEY,
  N_KNOWN,
} Known;

static const struct {
  const char *name;
  gboolean once; /* a second one is refused, equal or not */
  gboolean drop; /* libsoup does not see it */
} known_headers[N_KNOWN] = {
  [KNOWN_HOST] = { "host", TRUE, FALSE },
  [KNOWN_CONTENT_LENGTH] = { "content-length", TRUE, TRUE },
  [KNOWN_TRANSFER_ENCODING] = { "transfer-encoding", TRUE, TRUE },
  [KNOWN_EXPECT] = { "expect", TRUE, TRUE },
  [KNOWN_TRAILER] = { "trailer", FALSE, TRUE },
  [KNOWN_TE] = { "te", FALSE, TRUE },
  /* libsoup answered 1,000 ranges of a file of 1 MiB with 500 MiB */
  [KNOWN_RANGE] = { "range", FALSE, TRUE },
  [KNOWN_IF_RANGE] = { "if-range", FALSE, TRUE },
  [KNOWN_CONTENT_TYPE] = { "content-type", TRUE, FALSE },
  [KNOWN_AUTHORIZATION] = { "authorization", TRUE, FALSE },
  [KNOWN_ORIGIN] = { "origin", TRUE, FALSE },
  [KNOWN_DEADLINE] = { "x-deadline-ms", TRUE, FALSE },
  [KNOWN_IDEMPOTENCY_KEY] = { "idempotency-key", TRUE, FALSE },
};

static gboolean
refuse (OrfHttpRefusal *refusal, int status, const char *reason)
{
  refusal->status = status;
  refusal->reason = reason;
  return FALSE;
}

static gboolean
is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

static gboolean
is_token (Span span)
{
  for (gsize i = 0; i < span.length; i++)
    if (!is_token_char (span.text[i]))
      return FALSE;
  return span.length > 0;
}

static gboolean
span_is (Span span, const char *lower)
{
  return span.length == strlen (lower) && g_ascii_strncasecmp (span.text, lower, span.length) == 0;
}

/* Cuts off what stands before the next separator, which is dropped; FALSE if there is none. */
static gboolean
span_cut (Span *rest, char separator, Span *first)
{
  const char *at = memchr (rest->text, separator, rest->length);

  if (at == NULL)
    return FALSE;
  *first = (Span){ rest->text, (gsize) (at - rest->text) };
  rest->length -= first->length + 1;
  rest->text = at + 1;
  return TRUE;
}

static Span
span_trim (Span span)
{
  while (span.length > 0 && (span.text[0] == ' ' || span.text[0] == '\t'))
    span = (Span){ span.text + 1, span.length - 1 };
  while (span.length > 0 &&
         (span.text[span.length - 1] == ' ' || span.text[span.length - 1] == '\t'))
    span.length--;
  return span;
}

/* Only what begins with a slash, and * for OPTIONS: we are no proxy. */
static gboolean
check_target (Span target, Span method, OrfHttpRefusal *refusal)
{
  if (target.length > MAX_TARGET_BYTES)
    return refuse (refusal, STATUS_URI_TOO_LONG, "the request target is too long");
  if (target.length == 1 && target.text[0] == '*' && span_is (method, "options"))
    return TRUE;
  if (target.length == 0 || target.text[0] != '/')
    return refuse (refusal, STATUS_BAD_REQUEST, "the request target has to begin with a slash");
  for (gsize i = 0; i < target.length; i++) {
    char c = target.text[i];

    if (c <= ' ' || c >= 0x7f || c == '#')
      return refuse (refusal, STATUS_BAD_REQUEST,
                     "the request target has a character that has to be "
                     "percent-encoded");
    if (c == '%' && (target.length - i < 3 || !g_ascii_isxdigit (target.text[i + 1]) ||
                     !g_ascii_isxdigit (target.text[i + 2])))
      return refuse (refusal, STATUS_BAD_REQUEST,
                     "the request target has a broken percent-encoding");
  }
  return TRUE;
}

static gboolean
parse_request_line (OrfHttpHead *head, Span line, gboolean *http_1_0, OrfHttpRefusal *refusal)
{
  Span rest = line;
  Span method;
  Span target;

  if (!span_cut (&rest, ' ', &method) || !span_cut (&rest, ' ', &target))
    return refuse (refusal, STATUS_BAD_REQUEST, "the request line has to be METHOD TARGET VERSION");
  if (!is_token (method) || method.length > MAX_METHOD_BYTES || span_is (method, "connect"))
    return refuse (refusal, STATUS_BAD_REQUEST, "this is no request method that is served");
  if (rest.length != 8 || memcmp (rest.text, "HTTP/", 5) != 0)
    return refuse (refusal, STATUS_BAD_REQUEST,
                   "the request line has to end in HTTP/1.0 or HTTP/1.1");
  if (memcmp (rest.text + 5, "1.0", 3) != 0 && memcmp (rest.text + 5, "1.1", 3) != 0)
    return refuse (refusal, STATUS_VERSION, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (!check_target (target, method, refusal))
    return FALSE;
  *http_1_0 = rest.text[7] == '0';
  g_string_append_len (head->target, target.text, (gssize) target.length);
  g_string_append_len (head->pass, line.text, (gssize) line.length + 2);
  return TRUE;
}

/* name, name:port, [address] or [address]:port */
static gboolean
is_host (Span host)
{
  gsize i = 0;

  if (host.length > 0 && host.text[0] == '[') {
    for (i = 1; i < host.length && host.text[i] != ']'; i++)
      if (!g_ascii_isxdigit (host.text[i]) && host.text[i] != ':' && host.text[i] != '.')
        return FALSE;
    if (i == host.length || i < 3)
      return FALSE;
    i++;
  } else {
    while (i < host.length && (g_ascii_isalnum (host.text[i]) || host.text[i] == '.' ||
                               host.text[i] == '-' || host.text[i] == '_'))
      i++;
    if (i == 0)
      return FALSE;
  }
  if (i == host.length)
    return TRUE;
  if (host.text[i] != ':' || host.length - i < 2 || host.length - i > 6)
    return FALSE;
  while (++i < host.length)
    if (!g_ascii_isdigit (host.text[i]))
      return FALSE;
  return TRUE;
}

static gboolean
parse_length (Span value, guint64 *length, OrfHttpRefusal *refusal)
{
  guint64 sum = 0;

  if (value.length == 0 || value.length > MAX_LENGTH_DIGITS)
    return refuse (refusal, STATUS_BAD_REQUEST, "Content-Length has to be a number");
  for (gsize i = 0; i < value.length; i++) {
    if (!g_ascii_isdigit (value.text[i]))
      return refuse (refusal, STATUS_BAD_REQUEST, "Content-Length has to be digits only");
    sum = sum * 10 + (guint64) (value.text[i] - '0');
  }
  *length = sum;
  return TRUE;
}

static gboolean
take_known (OrfHttpHead *head, Known known, Span value, OrfHttpRefusal *refusal)
{
  switch (known) {
  case KNOWN_HOST:
    return is_host (value) || refuse (refusal, STATUS_BAD_REQUEST, "Host is no HOST or HOST:PORT");
  case KNOWN_CONTENT_LENGTH:
    return parse_length (value, &head->content_length, refusal);
  case KNOWN_TRANSFER_ENCODING:
    head->chunked = TRUE;
    return span_is (value, "chunked") ||
           refuse (refusal, STATUS_NOT_IMPLEMENTED,
                   "of transfer encodings only chunked is understood");
  case KNOWN_EXPECT:
    head->expects_continue = TRUE;
    return span_is (value, "100-continue") ||
           refuse (refusal, STATUS_EXPECTATION, "only 100-continue may be expected");
  default:
    return TRUE;
  }
}

static Known
find_known (Span name)
{
  for (guint i = 0; i < N_KNOWN; i++)
    if ((name.text[0] | 0x20) == known_headers[i].name[0] && span_is (name, known_headers[i].name))
      return (Known) i;
  return N_KNOWN;
}

static gboolean
parse_header (OrfHttpHead *head, Span line, guint *seen, OrfHttpRefusal *refusal)
{
  Span value = line;
  Span name;
  Known known;

  if (line.text[0] == ' ' || line.text[0] == '\t')
    return refuse (refusal, STATUS_BAD_REQUEST, "a header may not go on in a second line");
  if (!span_cut (&value, ':', &name) || !is_token (name))
    return refuse (refusal, STATUS_BAD_REQUEST,
                   "a header has to be NAME: VALUE, with no space "
                   "before the colon");
  known = find_known (name);
  if (known != N_KNOWN) {
    if (known_headers[known].once && (*seen & 1u << known) != 0)
      return refuse (refusal, STATUS_BAD_REQUEST, "a header that may come once came twice");
    *seen |= 1u << known;
    if (!take_known (head, known, span_trim (value), refusal))
      return FALSE;
    if (known_headers[known].drop)
      return TRUE;
  }
  g_string_append_len (head->pass, line.text, (gssize) line.length + 2);
  return TRUE;
}

static gboolean
check_whole (const OrfHttpHead *head, guint seen, gboolean http_1_0, OrfHttpRefusal *refusal)
{
  if ((seen & 1u << KNOWN_HOST) == 0)
    return refuse (refusal, STATUS_BAD_REQUEST, "Host is missing");
  if (head->chunked && (seen & 1u << KNOWN_CONTENT_LENGTH) != 0)
    return refuse (refusal, STATUS_BAD_REQUEST, "Content-Length beside Transfer-Encoding");
  if (head->chunked && http_1_0)
    return refuse (refusal, STATUS_BAD_REQUEST, "HTTP/1.0 knows no Transfer-Encoding");
  return TRUE;
}

/* The next line without its end; empty once the head ends. */
static Span
next_line (const char **at, const char *end)
{
  const char *line_end = memchr (*at, '\r', (gsize) (end - *at));
  Span line = { *at, (gsize) (line_end - *at) };

  *at = line_end + 2;
  return line;
}

gboolean
orf_http_head_parse (OrfHttpHead *head, const char *raw, gsize length, OrfHttpRefusal *refusal)
{
  const char *at = raw;
  const char *end = raw + length;
  gboolean http_1_0 = FALSE;
  guint seen = 0;
  guint count = 0;
  Span line = next_line (&at, end);

  g_string_truncate (head->pass, 0);
  g_string_truncate (head->target, 0);
  head->content_length = 0;
  head->chunked = head->expects_continue = FALSE;
  if (!parse_request_line (head, line, &http_1_0, refusal))
    return FALSE;
  for (line = next_line (&at, end); line.length > 0; line = next_line (&at, end)) {
    if (++count > MAX_HEADERS)
      return refuse (refusal, STATUS_HEADER_TOO_LARGE, "there are too many headers");
    if (!parse_header (head, line, &seen, refusal))
      return FALSE;
  }
  if (!check_whole (head, seen, http_1_0, refusal))
    return FALSE;
  /* HTTP/1.0 does not know the interim answer */
  if (http_1_0)
    head->expects_continue = FALSE;
  g_string_append (head->pass, "\r\n");
  return TRUE;
}
