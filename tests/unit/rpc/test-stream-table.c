/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/orf-stream-table.h"

#include <string.h>

typedef struct {
  OrfStreamTable *table;
  OrfStreamReader *reader;
  guint n_ready;
} Fixture;

static void
ready_cb (gpointer user_data)
{
  ((Fixture *) user_data)->n_ready++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->table = orf_stream_table_new ();
  f->reader = orf_stream_reader_new (f->table, ready_cb, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_stream_reader_free (f->reader);
  orf_stream_table_free (f->table);
}

static void
open_stream (OrfStreamReader *reader, guint64 stream, guint64 channel, guint depth)
{
  const OrfStreamSpec spec = { .channel = channel, .depth = depth };

  orf_stream_reader_open (reader, stream, &spec);
}

static void
publish (Fixture *f, guint64 channel, const char *json)
{
  g_autoptr (OrfBlob) value = orf_blob_new (json, strlen (json));

  orf_stream_table_publish (f->table, channel, value);
}

/* NULL: nothing */
static char *
take (OrfStreamReader *reader)
{
  OrfStreamItem item;
  GString *text = g_string_new (NULL);
  gsize length;

  if (!orf_stream_reader_take (reader, &item))
    return g_string_free (text, TRUE);
  g_string_append_len (text, item.head, (gssize) item.head_length);
  if (item.value != NULL) {
    const char *value = orf_blob_get_data (item.value, &length);

    g_string_append_len (text, value + item.value_skip, (gssize) (length - item.value_skip));
  }
  g_string_append (text, item.tail);
  g_assert_cmpuint (orf_stream_item_get_length (&item), ==, text->len);
  orf_stream_item_clear (&item);
  return g_string_free (text, FALSE);
}

static void
takes (OrfStreamReader *reader, const char *expected)
{
  g_autofree char *text = take (reader);

  g_assert_cmpstr (text, ==, expected);
}

#define NEXT(id, seq, rest)                                                                        \
  "{\"jsonrpc\":\"2.0\",\"method\":\"stream.next\",\"params\":{\"stream\":\"" id "\",\"seq\":" seq \
  "," rest "}}"
#define END(id, status)                                                                            \
  "{\"jsonrpc\":\"2.0\",\"method\":\"stream.end\",\"params\":{\"stream\":\"" id "\",\""            \
  "status\":\"" status "\"}}"

static void
test_order (Fixture *f, gconstpointer data)
{
  open_stream (f->reader, 1, 7, 4);
  open_stream (f->reader, 2, 7, 4);
  open_stream (f->reader, 3, 8, 4);
  g_assert_cmpuint (orf_stream_reader_get_n_streams (f->reader), ==, 3);
  takes (f->reader, NULL);
  publish (f, 7, "{\"a\":1}");
  publish (f, 7, "{\"a\":2}");
  publish (f, 9, "{\"nobody\":1}");
  g_assert_cmpuint (f->n_ready, ==, 1);
  /* each stream has its turn */
  takes (f->reader, NEXT ("s1", "1", "\"value\":{\"a\":1}"));
  takes (f->reader, NEXT ("s2", "1", "\"value\":{\"a\":1}"));
  takes (f->reader, NEXT ("s1", "2", "\"value\":{\"a\":2}"));
  takes (f->reader, NEXT ("s2", "2", "\"value\":{\"a\":2}"));
  takes (f->reader, NULL);
  publish (f, 8, "{}");
  g_assert_cmpuint (f->n_ready, ==, 2);
  takes (f->reader, NEXT ("s3", "1", "\"value\":{}"));
}

static void
test_newest_wins (Fixture *f, gconstpointer data)
{
  open_stream (f->reader, 1, 7, 1);
  open_stream (f->reader, 2, 7, 2);
  for (guint i = 1; i <= 5; i++) {
    g_autofree char *json = g_strdup_printf ("{\"a\":%u}", i);

    publish (f, 7, json);
  }
  takes (f->reader, NEXT ("s1", "1", "\"dropped\":4,\"value\":{\"a\":5}"));
  takes (f->reader, NEXT ("s2", "1", "\"dropped\":3,\"value\":{\"a\":4}"));
  takes (f->reader, NEXT ("s2", "2", "\"value\":{\"a\":5}"));
  takes (f->reader, NULL);
  publish (f, 7, "{\"a\":6}");
  takes (f->reader, NEXT ("s1", "2", "\"value\":{\"a\":6}"));
}

/* The first value, which may hold the past, gives way to none; what was lost behind it is told with
 * the one after. */
static void
test_first_stays (Fixture *f, gconstpointer data)
{
  g_autoptr (OrfBlob) first = orf_blob_new ("{\"first\":1}", 11);
  const OrfStreamSpec spec = { 7, 1, ORF_STREAM_RPC, first };

  orf_stream_reader_open (f->reader, 1, &spec);
  for (guint i = 0; i < 3; i++)
    publish (f, 7, "{\"a\":1}");
  takes (f->reader, NEXT ("s1", "1", "\"value\":{\"first\":1}"));
  publish (f, 7, "{\"a\":2}");
  takes (f->reader, NEXT ("s1", "2", "\"dropped\":3,\"value\":{\"a\":2}"));
  takes (f->reader, NULL);
  orf_stream_reader_open (f->reader, 2, &spec);
  orf_stream_reader_close (f->reader, 2, "CANCELLED");
  takes (f->reader, END ("s2", "CANCELLED"));
  takes (f->reader, NULL);
}

static void
test_bare (Fixture *f, gconstpointer data)
{
  g_autoptr (OrfBlob) first = orf_blob_new ("{\"first\":1}", 11);
  const OrfStreamSpec spec = { 7, 1, ORF_STREAM_BARE, first };

  orf_stream_reader_open (f->reader, 1, &spec);
  takes (f->reader, "{\"first\":1}");
  publish (f, 7, "{\"a\":1}");
  publish (f, 7, "{\"a\":2}");
  takes (f->reader, "{\"dropped\":1,\"a\":2}");
  publish (f, 7, "{\"a\":3}");
  orf_stream_table_end (f->table, 7, "UNAVAILABLE");
  takes (f->reader, "{\"a\":3}");
  takes (f->reader, NULL);
  g_assert_cmpuint (orf_stream_reader_get_n_streams (f->reader), ==, 0);
}

static void
test_close (Fixture *f, gconstpointer data)
{
  open_stream (f->reader, 1, 7, 4);
  open_stream (f->reader, 2, 7, 4);
  publish (f, 7, "{\"a\":1}");
  orf_stream_reader_close (f->reader, 1, "CANCELLED");
  orf_stream_reader_close (f->reader, 1, "CANCELLED");
  orf_stream_reader_close (f->reader, 99, "CANCELLED");
  publish (f, 7, "{\"a\":2}");
  takes (f->reader, END ("s1", "CANCELLED"));
  takes (f->reader, NEXT ("s2", "1", "\"value\":{\"a\":1}"));
  takes (f->reader, NEXT ("s2", "2", "\"value\":{\"a\":2}"));
  takes (f->reader, NULL);
  g_assert_cmpuint (orf_stream_reader_get_n_streams (f->reader), ==, 1);
}

static void
test_end (Fixture *f, gconstpointer data)
{
  g_autoptr (OrfStreamReader) other = orf_stream_reader_new (f->table, ready_cb, f);

  open_stream (f->reader, 1, 7, 4);
  open_stream (f->reader, 2, 8, 4);
  open_stream (other, 1, 7, 4);
  publish (f, 7, "{\"a\":1}");
  orf_stream_table_end (f->table, 7, "UNAVAILABLE");
  publish (f, 7, "{\"late\":1}");
  takes (f->reader, NEXT ("s1", "1", "\"value\":{\"a\":1}"));
  takes (f->reader, END ("s1", "UNAVAILABLE"));
  takes (f->reader, NULL);
  takes (other, NEXT ("s1", "1", "\"value\":{\"a\":1}"));
  publish (f, 8, "{\"b\":1}");
  takes (f->reader, NEXT ("s2", "1", "\"value\":{\"b\":1}"));
}

/* A reader that goes takes what waits with it, in the midst of a channel's list too. */
static void
test_free (Fixture *f, gconstpointer data)
{
  OrfStreamReader *readers[3];

  for (guint i = 0; i < 3; i++) {
    readers[i] = orf_stream_reader_new (f->table, ready_cb, f);
    open_stream (readers[i], 1, 7, 2);
    open_stream (readers[i], 2, 7, 2);
  }
  publish (f, 7, "{\"a\":1}");
  orf_stream_reader_free (readers[1]);
  publish (f, 7, "{\"a\":2}");
  orf_stream_reader_free (readers[0]);
  takes (readers[2], NEXT ("s1", "1", "\"value\":{\"a\":1}"));
  orf_stream_reader_free (readers[2]);
  publish (f, 7, "{\"a\":3}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define add(name, func) g_test_add ("/stream-table/" name, Fixture, NULL, set_up, func, tear_down)
  add ("order", test_order);
  add ("newest-wins", test_newest_wins);
  add ("first-stays", test_first_stays);
  add ("bare", test_bare);
  add ("close", test_close);
  add ("end", test_end);
  add ("free", test_free);
  return g_test_run ();
}
