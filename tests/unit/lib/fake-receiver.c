/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-receiver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- HTTP ------------------------------------------------------------------------------------ */

/* FALSE: the connection has ended. */
static gboolean
read_some (int fd, GString *in)
{
  char bytes[4096];
  ssize_t length = recv (fd, bytes, sizeof bytes, 0);

  if (length > 0)
    g_string_append_len (in, bytes, length);
  return length > 0;
}

static gboolean
read_request (int fd, GString *in, char **head, GBytes **body)
{
  const char *end, *length;
  gsize head_bytes, body_bytes;

  while ((end = strstr (in->str, "\r\n\r\n")) == NULL)
    if (!read_some (fd, in))
      return FALSE;
  head_bytes = (gsize) (end + 4 - in->str);
  length = strstr (in->str, "Content-Length: ");
  g_assert_true (length != NULL && length < end);
  body_bytes = strtoul (length + 16, NULL, 10);
  while (in->len < head_bytes + body_bytes)
    if (!read_some (fd, in))
      return FALSE;
  *head = g_strndup (in->str, head_bytes);
  *body = g_bytes_new (in->str + head_bytes, body_bytes);
  g_string_erase (in, 0, (gssize) (head_bytes + body_bytes));
  return TRUE;
}

static const char *
keep (FakeReceiver *receiver, char *head, GBytes *body)
{
  const char *answer;
  guint n = 0;

  pthread_mutex_lock (&receiver->lock);
  while (receiver->held)
    pthread_cond_wait (&receiver->changed, &receiver->lock);
  while (n < receiver->bodies->len && receiver->answers[n + 1] != NULL)
    n++;
  answer = receiver->answers[n];
  g_ptr_array_add (receiver->heads, head);
  g_ptr_array_add (receiver->bodies, body);
  pthread_cond_broadcast (&receiver->changed);
  pthread_mutex_unlock (&receiver->lock);
  return answer;
}

static void
serve (FakeReceiver *receiver, int fd)
{
  g_autoptr (GString) in = g_string_new (NULL);
  GBytes *body;
  char *head;

  while (read_request (fd, in, &head, &body)) {
    const char *answer = keep (receiver, head, body);
    g_autofree char *text = g_strdup_printf ("%s\r\nContent-Length: 2\r\n\r\n{}", answer);

    if (send (fd, text, strlen (text), MSG_NOSIGNAL) < 0 || strstr (answer, "close") != NULL)
      break;
  }
  close (fd);
}

static void *
serve_thread_cb (void *data)
{
  FakeReceiver *receiver = data;
  int fd;

  while ((fd = accept (receiver->listener, NULL, NULL)) >= 0)
    serve (receiver, fd);
  return NULL;
}

void
fake_receiver_init (FakeReceiver *receiver, const char *const *answers)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t size = sizeof address;

  *receiver = (FakeReceiver){ .answers = answers };
  receiver->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (receiver->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (receiver->listener, 5), ==, 0);
  g_assert_cmpint (getsockname (receiver->listener, (struct sockaddr *) &address, &size), ==, 0);
  receiver->endpoint = g_strdup_printf ("http://127.0.0.1:%u", ntohs (address.sin_port));
  receiver->heads = g_ptr_array_new_with_free_func (g_free);
  receiver->bodies = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  pthread_mutex_init (&receiver->lock, NULL);
  pthread_cond_init (&receiver->changed, NULL);
  g_assert_cmpint (pthread_create (&receiver->thread, NULL, serve_thread_cb, receiver), ==, 0);
}

/* The tracer is gone, and its connection with it. */
void
fake_receiver_clear (FakeReceiver *receiver)
{
  fake_receiver_hold (receiver, FALSE);
  shutdown (receiver->listener, SHUT_RDWR);
  pthread_join (receiver->thread, NULL);
  close (receiver->listener);
  g_ptr_array_unref (receiver->heads);
  g_ptr_array_unref (receiver->bodies);
  g_free (receiver->endpoint);
  pthread_cond_destroy (&receiver->changed);
  pthread_mutex_destroy (&receiver->lock);
}

void
fake_receiver_hold (FakeReceiver *receiver, gboolean held)
{
  pthread_mutex_lock (&receiver->lock);
  receiver->held = held;
  pthread_cond_broadcast (&receiver->changed);
  pthread_mutex_unlock (&receiver->lock);
}

GBytes *
fake_receiver_wait (FakeReceiver *receiver, guint n)
{
  GBytes *body;

  pthread_mutex_lock (&receiver->lock);
  while (receiver->bodies->len <= n)
    pthread_cond_wait (&receiver->changed, &receiver->lock);
  body = receiver->bodies->pdata[n];
  pthread_mutex_unlock (&receiver->lock);
  return body;
}

guint
fake_receiver_get_n (FakeReceiver *receiver)
{
  guint n;

  pthread_mutex_lock (&receiver->lock);
  n = receiver->bodies->len;
  pthread_mutex_unlock (&receiver->lock);
  return n;
}

/* ---- protobuf -------------------------------------------------------------------------------- */

typedef struct {
  const guint8 *at, *end;
} Slice;

static guint64
read_varint (Slice *slice)
{
  guint64 value = 0;

  for (guint shift = 0;; shift += 7) {
    g_assert_true (slice->at < slice->end && shift < 64);
    value |= (guint64) (*slice->at & 0x7f) << shift;
    if (*slice->at++ < 0x80)
      return value;
  }
}

static Slice
read_bytes (Slice *slice, gsize length)
{
  Slice bytes = { slice->at, slice->at + length };

  g_assert_cmpuint (length, <=, (gsize) (slice->end - slice->at));
  slice->at += length;
  return bytes;
}

/* Which fields are messages: path is "" for a span, "9" in its attributes, … */
static gboolean
is_message (const char *path, guint number)
{
  static const char *const all[] = { "/9",    "/11",     "/13", "/15",   "/9/2",
                                     "/11/3", "/11/3/2", "r/1", "r/1/2", NULL };
  g_autofree char *whole = g_strdup_printf ("%s/%u", path, number);

  return g_strv_contains (all, whole);
}

static gboolean
is_id (const char *path, guint number)
{
  return (path[0] == '\0' && (number == 1 || number == 2 || number == 4)) ||
         (g_str_equal (path, "/13") && number <= 2);
}

static void dump (GString *text, const char *path, Slice slice);

static void
dump_field (GString *text, const char *path, guint number, Slice bytes)
{
  if (is_message (path, number)) {
    g_autofree char *below = g_strdup_printf ("%s/%u", path, number);

    g_string_append_printf (text, "%u{", number);
    dump (text, below, bytes);
    g_string_append_c (text, '}');
  } else if (is_id (path, number)) {
    g_string_append_printf (text, "%u:", number);
    for (; bytes.at < bytes.end; bytes.at++)
      g_string_append_printf (text, "%02x", *bytes.at);
  } else {
    g_string_append_printf (text, "%u:\"%.*s\"", number, (int) (bytes.end - bytes.at),
                            (const char *) bytes.at);
  }
}

static void
dump (GString *text, const char *path, Slice slice)
{
  for (gboolean first = TRUE; slice.at < slice.end; first = FALSE) {
    guint64 tag = read_varint (&slice);
    guint number = (guint) (tag >> 3);
    guint64 value = 0;

    if (!first)
      g_string_append_c (text, ' ');
    switch (tag & 7) {
    case 0:
      g_string_append_printf (text, "%u:%" G_GINT64_FORMAT, number, (gint64) read_varint (&slice));
      break;
    case 1:
      memcpy (&value, read_bytes (&slice, 8).at, 8);
      g_string_append_printf (text, "%u:%016" G_GINT64_MODIFIER "x", number, value);
      break;
    case 5:
      memcpy (&value, read_bytes (&slice, 4).at, 4);
      g_string_append_printf (text, "%u:%08" G_GINT64_MODIFIER "x", number, value);
      break;
    default:
      g_assert_cmpuint (tag & 7, ==, 2);
      dump_field (text, path, number, read_bytes (&slice, read_varint (&slice)));
    }
  }
}

static Slice
enter (Slice *slice, guint number)
{
  g_assert_cmpuint (read_varint (slice), ==, number << 3 | 2);
  return read_bytes (slice, read_varint (slice));
}

GPtrArray *
fake_receiver_read_spans (GBytes *body, char **resource)
{
  GPtrArray *spans = g_ptr_array_new_with_free_func (g_free);
  gsize length;
  const guint8 *data = g_bytes_get_data (body, &length);
  Slice all = { data, data + length };
  Slice resource_spans = enter (&all, 1);
  Slice own = enter (&resource_spans, 1);
  Slice scope_spans = enter (&resource_spans, 2);

  g_assert_true (all.at == all.end && resource_spans.at == resource_spans.end);
  if (resource != NULL) {
    GString *text = g_string_new (NULL);

    dump (text, "r", own);
    *resource = g_string_free (text, FALSE);
  }
  enter (&scope_spans, 1);
  while (scope_spans.at < scope_spans.end) {
    GString *text = g_string_new (NULL);

    dump (text, "", enter (&scope_spans, 2));
    g_ptr_array_add (spans, g_string_free (text, FALSE));
  }
  return spans;
}

char *
fake_receiver_get_field (const char *span, guint number)
{
  g_autofree char *key = g_strdup_printf ("%u:", number);
  int depth = 0;

  for (const char *at = span; *at != '\0'; at++) {
    if (*at == '{' || *at == '}')
      depth += *at == '{' ? 1 : -1;
    else if (depth == 0 && (at == span || at[-1] == ' ') && g_str_has_prefix (at, key))
      return g_strndup (at + strlen (key), strcspn (at + strlen (key), " "));
  }
  return NULL;
}
