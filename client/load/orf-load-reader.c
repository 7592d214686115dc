/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-reader.h"

#include <stdio.h>
#include <string.h>

#include "orf-json.h"

/* Beyond these an answer is none: a head, the line of a chunk's size. */
#define MAX_HEAD_BYTES (64 * 1024)
#define MAX_LINE_BYTES 1024
/* What comes behind an answer is of the next one, and nobody asked for more than that. */
#define MAX_BEHIND_BYTES (1024 * 1024)
/* Pongs that a server does not read are not kept for it. */
#define MAX_PONG_BYTES (64 * 1024)
/* Of an answer in which an error is looked for; of a larger one all else is passed over. */
#define MAX_KEPT_BYTES (1024 * 1024)

#define FRAME_FIN         0x80
#define FRAME_CLOSE       0x8
#define FRAME_PING        0x9
#define FRAME_PONG        0xa
#define FRAME_MASKED      0x80
#define MAX_CONTROL_BYTES 125

typedef enum {
  PART_HEAD,
  PART_BODY,       /* `left` bytes */
  PART_CHUNK_SIZE, /* a line */
  PART_CHUNK,      /* `left` bytes and an empty line */
  PART_TRAILER,    /* lines up to an empty one */
  PART_UNTIL_CLOSE,
  PART_LINE,
  PART_FRAME,
  PART_PAYLOAD, /* of a frame, `left` bytes */
  PART_ANSWERED,
} Part;

struct _OrfLoadReader {
  OrfLoadWay way;
  gboolean is_rpc;
  Part part;
  GString *buffer; /* what has come and is not used up */
  gsize used;      /* of the buffer */
  GString *kept;   /* the answer, where an error is looked for */
  GString *pongs;
  guint64 left;
  int status;
  gboolean has_no_body;
  gboolean ends_message; /* the frame that is read is the last one of its message */
  gboolean closes;
};

OrfLoadReader *
orf_load_reader_new (OrfLoadWay way, gboolean is_rpc)
{
  OrfLoadReader *reader = g_new0 (OrfLoadReader, 1);

  reader->way = way;
  reader->is_rpc = is_rpc;
  /* a WebSocket begins with an answer of HTTP */
  reader->part = way == ORF_LOAD_WAY_SOCKET ? PART_LINE : PART_HEAD;
  reader->buffer = g_string_new (NULL);
  reader->kept = g_string_new (NULL);
  reader->pongs = g_string_new (NULL);
  return reader;
}

void
orf_load_reader_free (OrfLoadReader *reader)
{
  if (reader == NULL)
    return;
  g_string_free (reader->buffer, TRUE);
  g_string_free (reader->kept, TRUE);
  g_string_free (reader->pongs, TRUE);
  g_free (reader);
}

/* ---- what is left of the buffer -------------------------------------------------------------- */

static const char *
get_rest (const OrfLoadReader *reader)
{
  return reader->buffer->str + reader->used;
}

static gsize
get_n_rest (const OrfLoadReader *reader)
{
  return reader->buffer->len - reader->used;
}

static void
keep (OrfLoadReader *reader, const char *data, gsize length)
{
  if (reader->is_rpc)
    g_string_append_len (reader->kept, data,
                         (gssize) MIN (length,
                                       MAX_KEPT_BYTES - MIN (MAX_KEPT_BYTES, reader->kept->len)));
}

/* A line without its end; NULL: it is not whole. */
static char *
take_line (OrfLoadReader *reader)
{
  const char *rest = get_rest (reader);
  const char *end = memchr (rest, '\n', get_n_rest (reader));
  gsize length;

  if (end == NULL)
    return NULL;
  length = (gsize) (end - rest);
  reader->used += length + 1;
  return g_strndup (rest, length > 0 && rest[length - 1] == '\r' ? length - 1 : length);
}

/* Up to `left` bytes of the answer; TRUE: that is all of them. */
static gboolean
take_left (OrfLoadReader *reader)
{
  gsize n = (gsize) MIN (reader->left, get_n_rest (reader));

  keep (reader, get_rest (reader), n);
  reader->used += n;
  reader->left -= n;
  return reader->left == 0;
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

/* What follows a head with these lines. */
static Part
choose_part (OrfLoadReader *reader, gboolean chunked, gboolean sized)
{
  if (reader->status == 101 && reader->way == ORF_LOAD_WAY_WEBSOCKET)
    return PART_ANSWERED;
  if (reader->status < 200)
    return PART_HEAD; /* the answer itself comes after it */
  if (reader->status == 204 || reader->status == 304 || reader->has_no_body)
    return PART_ANSWERED;
  if (chunked)
    return PART_CHUNK_SIZE;
  if (sized)
    return reader->left > 0 ? PART_BODY : PART_ANSWERED;
  reader->closes = TRUE;
  return PART_UNTIL_CLOSE;
}

static gboolean
read_head (OrfLoadReader *reader)
{
  const char *rest = get_rest (reader);
  const char *end = memmem (rest, get_n_rest (reader), "\r\n\r\n", 4);
  g_autofree char *head = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean chunked = FALSE;
  gboolean sized = FALSE;
  int minor;

  if (end == NULL)
    return get_n_rest (reader) <= MAX_HEAD_BYTES;
  head = g_strndup (rest, (gsize) (end - rest));
  reader->used += (gsize) (end - rest) + 4;
  lines = g_strsplit (head, "\r\n", -1);
  if (lines[0] == NULL || sscanf (lines[0], "HTTP/1.%d %d", &minor, &reader->status) != 2)
    return FALSE;
  reader->closes = minor == 0;
  for (char **line = lines + 1; *line != NULL; line++) {
    if (g_ascii_strncasecmp (*line, "content-length:", 15) == 0)
      sized = g_ascii_string_to_unsigned (g_strstrip (*line + 15), 10, 0, G_MAXINT64, &reader->left,
                                          NULL);
    else if (g_ascii_strncasecmp (*line, "transfer-encoding:", 18) == 0)
      chunked = strstr (*line, "chunked") != NULL;
    else if (g_ascii_strncasecmp (*line, "connection:", 11) == 0)
      reader->closes = strstr (*line, "lose") != NULL && strstr (*line, "pgrade") == NULL;
  }
  reader->part = choose_part (reader, chunked, sized);
  return TRUE;
}

static gboolean
read_chunk_size (OrfLoadReader *reader)
{
  g_autofree char *line = take_line (reader);

  if (line == NULL)
    return get_n_rest (reader) <= MAX_LINE_BYTES;
  g_strstrip (g_strdelimit (line, ";", '\0'));
  if (!g_ascii_string_to_unsigned (line, 16, 0, G_MAXINT64, &reader->left, NULL))
    return FALSE;
  reader->part = reader->left > 0 ? PART_CHUNK : PART_TRAILER;
  return TRUE;
}

static gboolean
read_chunk (OrfLoadReader *reader)
{
  gsize skip;

  if (!take_left (reader))
    return TRUE;
  skip = get_n_rest (reader) > 0 && *get_rest (reader) == '\r' ? 1 : 0;
  if (get_n_rest (reader) <= skip)
    return TRUE; /* its end is yet to come */
  if (get_rest (reader)[skip] != '\n')
    return FALSE;
  reader->used += skip + 1;
  reader->part = PART_CHUNK_SIZE;
  return TRUE;
}

static gboolean
read_trailer (OrfLoadReader *reader)
{
  g_autofree char *line = take_line (reader);

  if (line == NULL)
    return get_n_rest (reader) <= MAX_HEAD_BYTES;
  if (*line == '\0')
    reader->part = PART_ANSWERED;
  return TRUE;
}

/* ---- WebSocket, socket ----------------------------------------------------------------------- */

/* Masked, as a client's has to be; by zeros. */
static void
append_pong (OrfLoadReader *reader, const char *data, gsize length)
{
  const char head[] = { (char) (FRAME_FIN | FRAME_PONG), (char) (0x80 | length), 0, 0, 0, 0 };

  g_string_append_len (reader->pongs, head, sizeof head);
  g_string_append_len (reader->pongs, data, (gssize) length);
}

/* Its head; FALSE: that is not whole. */
static gboolean
parse_frame (const OrfLoadReader *reader, gsize *head, guint64 *length)
{
  const guint8 *at = (const guint8 *) get_rest (reader);
  guint n_more;

  if (get_n_rest (reader) < 2)
    return FALSE;
  n_more = (at[1] & 0x7f) == 126 ? 2 : (at[1] & 0x7f) == 127 ? 8 : 0;
  if (get_n_rest (reader) < 2 + n_more)
    return FALSE;
  *head = 2 + n_more;
  *length = n_more == 0 ? at[1] & 0x7f : 0;
  for (guint i = 0; i < n_more; i++)
    *length = *length << 8 | at[2 + i];
  return TRUE;
}

/* Ping, pong, close: short, and used up as a whole. */
static gboolean
read_control_frame (OrfLoadReader *reader, guint opcode, gsize head, gsize length)
{
  if (opcode == FRAME_CLOSE)
    return FALSE;
  if (get_n_rest (reader) < head + length)
    return TRUE;
  if (opcode == FRAME_PING)
    append_pong (reader, get_rest (reader) + head, length);
  reader->used += head + length;
  return TRUE;
}

static gboolean
read_frame (OrfLoadReader *reader)
{
  const guint8 *at = (const guint8 *) get_rest (reader);
  gsize head;
  guint64 length;

  if (!parse_frame (reader, &head, &length))
    return TRUE;
  if (at[1] & FRAME_MASKED)
    return FALSE; /* only a client's are */
  if ((at[0] & 0x0f) >= FRAME_CLOSE)
    return length <= MAX_CONTROL_BYTES &&
           read_control_frame (reader, at[0] & 0x0f, head, (gsize) length);
  reader->ends_message = (at[0] & FRAME_FIN) != 0;
  reader->used += head;
  reader->left = length;
  reader->part = PART_PAYLOAD;
  return TRUE;
}

/* As much of it as has come: however long it is, it is not held. */
static gboolean
read_line (OrfLoadReader *reader)
{
  const char *rest = get_rest (reader);
  gsize length = get_n_rest (reader);
  const char *end = memchr (rest, '\n', length);

  if (end != NULL) {
    length = (gsize) (end - rest) + 1;
    reader->part = PART_ANSWERED;
  }
  keep (reader, rest, length);
  reader->used += length;
  return TRUE;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* A member "error" that is not null; the text alone says of most answers that they have none. */
static gboolean
has_rpc_error (const OrfLoadReader *reader)
{
  g_autoptr (json_t) root = NULL;
  json_t *error;

  if (!reader->is_rpc || strstr (reader->kept->str, "\"error\"") == NULL)
    return FALSE;
  root = orf_json_parse (reader->kept->str, reader->kept->len, ORF_JSON_MAX_DEPTH, NULL);
  error = json_object_get (root, "error");
  return error != NULL && !json_is_null (error);
}

/* Ready for the next one. */
static OrfLoadFault
finish (OrfLoadReader *reader)
{
  OrfLoadFault fault = reader->status >= 400    ? ORF_LOAD_FAULT_STATUS
                       : has_rpc_error (reader) ? ORF_LOAD_FAULT_RPC
                                                : ORF_LOAD_FAULT_NONE;

  if (reader->way == ORF_LOAD_WAY_HTTP)
    reader->part = PART_HEAD;
  else
    reader->part = reader->way == ORF_LOAD_WAY_WEBSOCKET ? PART_FRAME : PART_LINE;
  reader->status = 0;
  reader->has_no_body = FALSE;
  reader->left = 0;
  g_string_truncate (reader->kept, 0);
  return fault;
}

/* FALSE: it is no answer. */
static gboolean
read_part (OrfLoadReader *reader)
{
  switch (reader->part) {
  case PART_HEAD:
    return read_head (reader);
  case PART_CHUNK_SIZE:
    return read_chunk_size (reader);
  case PART_CHUNK:
    return read_chunk (reader);
  case PART_TRAILER:
    return read_trailer (reader);
  case PART_LINE:
    return read_line (reader);
  case PART_FRAME:
    return read_frame (reader);
  case PART_PAYLOAD:
    if (take_left (reader))
      reader->part = reader->ends_message ? PART_ANSWERED : PART_FRAME;
    return TRUE;
  case PART_BODY:
    if (take_left (reader))
      reader->part = PART_ANSWERED;
    return TRUE;
  case PART_UNTIL_CLOSE:
    reader->left = get_n_rest (reader);
    take_left (reader);
    return TRUE;
  case PART_ANSWERED:
  default:
    return TRUE;
  }
}

OrfLoadReadState
orf_load_reader_feed (OrfLoadReader *reader, const char *data, gsize length, OrfLoadFault *fault)
{
  gboolean good = TRUE;
  gsize used;
  Part part;

  g_string_append_len (reader->buffer, data, (gssize) length);
  do {
    used = reader->used;
    part = reader->part;
    good = read_part (reader);
  } while (good && reader->part != PART_ANSWERED && (used != reader->used || part != reader->part));
  g_string_erase (reader->buffer, 0, (gssize) reader->used);
  reader->used = 0;
  if (!good || (reader->part == PART_ANSWERED && reader->buffer->len > MAX_BEHIND_BYTES))
    return ORF_LOAD_READ_BROKEN;
  if (reader->part != PART_ANSWERED)
    return ORF_LOAD_READ_MORE;
  *fault = finish (reader);
  return ORF_LOAD_READ_DONE;
}

void
orf_load_reader_expect_no_body (OrfLoadReader *reader)
{
  reader->has_no_body = TRUE;
}

OrfLoadReadState
orf_load_reader_end (OrfLoadReader *reader, OrfLoadFault *fault)
{
  if (reader->part != PART_UNTIL_CLOSE)
    return ORF_LOAD_READ_BROKEN;
  *fault = finish (reader);
  return ORF_LOAD_READ_DONE;
}

gboolean
orf_load_reader_keeps_alive (const OrfLoadReader *reader)
{
  return !reader->closes;
}

void
orf_load_reader_take_pongs (OrfLoadReader *reader, GString *out)
{
  if (out->len < MAX_PONG_BYTES)
    g_string_append_len (out, reader->pongs->str, (gssize) reader->pongs->len);
  g_string_truncate (reader->pongs, 0);
}
