/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A stream is in its reader's table, and in its channel's list until it ends.
 * - A stream is in its reader's queue `waiting` exactly while it has values, or its end, to send.
 * - A channel is there while streams of it are.
 */
#include "rpc/orf-stream-table.h"

#include <string.h>

typedef struct {
  guint64 number;
  GPtrArray *streams; /* borrowed */
} Channel;

typedef struct {
  OrfStreamReader *reader;
  guint64 number;
  Channel *channel; /* NULL once it has ended */
  guint place;      /* in channel->streams */
  OrfStreamStyle style;
  guint depth;
  OrfBlob *first; /* goes before all values, and gives way to none; NULL: taken, or there is none */
  GQueue values;  /* OrfBlob, oldest first */
  guint64 sequence;
  guint64 dropped; /* since the last value that was taken */
  const char *end; /* the status to be told; NULL: it has not ended */
  GList link;      /* in reader->waiting */
  gboolean is_waiting;
} Stream;

struct _OrfStreamTable {
  GHashTable *channels; /* number (guint64) → Channel */
};

struct _OrfStreamReader {
  OrfStreamTable *table;
  void (*ready) (gpointer user_data);
  gpointer user_data;
  GHashTable *streams; /* number (guint64) → Stream */
  GQueue waiting;
};

/* ---- channels -------------------------------------------------------------------------------- */

static void
channel_free (gpointer data)
{
  Channel *channel = data;

  g_ptr_array_unref (channel->streams);
  g_free (channel);
}

static Channel *
find_channel (OrfStreamTable *table, guint64 number)
{
  return g_hash_table_lookup (table->channels, &number);
}

static void
join (OrfStreamTable *table, Stream *stream, guint64 number)
{
  Channel *channel = find_channel (table, number);

  if (channel == NULL) {
    channel = g_new0 (Channel, 1);
    channel->number = number;
    channel->streams = g_ptr_array_new ();
    g_hash_table_insert (table->channels, &channel->number, channel);
  }
  stream->channel = channel;
  stream->place = channel->streams->len;
  g_ptr_array_add (channel->streams, stream);
}

static void
leave (OrfStreamTable *table, Stream *stream)
{
  Channel *channel = g_steal_pointer (&stream->channel);

  if (channel == NULL)
    return;
  g_ptr_array_remove_index_fast (channel->streams, stream->place);
  if (stream->place < channel->streams->len)
    ((Stream *) channel->streams->pdata[stream->place])->place = stream->place;
  if (channel->streams->len == 0)
    g_hash_table_remove (table->channels, &channel->number);
}

OrfStreamTable *
orf_stream_table_new (void)
{
  OrfStreamTable *table = g_new0 (OrfStreamTable, 1);

  /* numbers that we gave: nobody outside chooses which collide */
  table->channels = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, channel_free);
  return table;
}

void
orf_stream_table_free (OrfStreamTable *table)
{
  g_assert (g_hash_table_size (table->channels) == 0);
  g_hash_table_unref (table->channels);
  g_free (table);
}

/* ---- what waits ------------------------------------------------------------------------------ */

static void
wait_turn (Stream *stream)
{
  OrfStreamReader *reader = stream->reader;

  if (stream->is_waiting)
    return;
  stream->is_waiting = TRUE;
  g_queue_push_tail_link (&reader->waiting, &stream->link);
  if (reader->waiting.length == 1)
    reader->ready (reader->user_data);
}

static void
put (Stream *stream, OrfBlob *value)
{
  if (stream->values.length == stream->depth) {
    orf_blob_unref (g_queue_pop_head (&stream->values));
    stream->dropped++;
  }
  g_queue_push_tail (&stream->values, orf_blob_ref (value));
  wait_turn (stream);
}

void
orf_stream_table_publish (OrfStreamTable *table, guint64 channel, OrfBlob *value)
{
  Channel *found = find_channel (table, channel);

  for (guint i = 0; found != NULL && i < found->streams->len; i++)
    put (found->streams->pdata[i], value);
}

void
orf_stream_table_end (OrfStreamTable *table, guint64 channel, const char *status)
{
  Channel *found;

  while ((found = find_channel (table, channel)) != NULL) {
    Stream *stream = found->streams->pdata[found->streams->len - 1];

    leave (table, stream);
    stream->end = status;
    wait_turn (stream);
  }
}

/* ---- readers --------------------------------------------------------------------------------- */

static void
drop_values (Stream *stream)
{
  g_clear_pointer (&stream->first, orf_blob_unref);
  g_queue_clear_full (&stream->values, (GDestroyNotify) orf_blob_unref);
}

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  leave (stream->reader->table, stream);
  if (stream->is_waiting)
    g_queue_unlink (&stream->reader->waiting, &stream->link);
  drop_values (stream);
  g_free (stream);
}

OrfStreamReader *
orf_stream_reader_new (OrfStreamTable *table,
                       void (*ready) (gpointer user_data),
                       gpointer user_data)
{
  OrfStreamReader *reader = g_new0 (OrfStreamReader, 1);

  reader->table = table;
  reader->ready = ready;
  reader->user_data = user_data;
  reader->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, stream_free);
  g_queue_init (&reader->waiting);
  return reader;
}

void
orf_stream_reader_free (OrfStreamReader *reader)
{
  g_hash_table_unref (reader->streams);
  g_free (reader);
}

void
orf_stream_reader_open (OrfStreamReader *reader, guint64 number, const OrfStreamSpec *spec)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->reader = reader;
  stream->number = number;
  stream->style = spec->style;
  stream->depth = spec->depth;
  stream->link.data = stream;
  g_queue_init (&stream->values);
  g_hash_table_insert (reader->streams, &stream->number, stream);
  join (reader->table, stream, spec->channel);
  if (spec->first == NULL)
    return;
  stream->first = orf_blob_ref (spec->first);
  wait_turn (stream);
}

void
orf_stream_reader_close (OrfStreamReader *reader, guint64 number, const char *status)
{
  Stream *stream = g_hash_table_lookup (reader->streams, &number);

  if (stream == NULL || stream->end != NULL)
    return;
  leave (reader->table, stream);
  drop_values (stream);
  stream->end = status;
  wait_turn (stream);
}

guint
orf_stream_reader_get_n_streams (const OrfStreamReader *reader)
{
  return g_hash_table_size (reader->streams);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void write_head (OrfStreamItem *item, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
write_head (OrfStreamItem *item, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  item->head_length = (gsize) g_vsnprintf (item->head, sizeof item->head, format, arguments);
  va_end (arguments);
  g_assert (item->head_length < sizeof item->head);
}

static void
write_rpc_head (OrfStreamItem *item, const Stream *stream, guint64 n_dropped)
{
  char dropped[48] = "";

  if (n_dropped > 0)
    g_snprintf (dropped, sizeof dropped, "\"dropped\":%" G_GUINT64_FORMAT ",", n_dropped);
  write_head (
    item,
    "{\"jsonrpc\":\"2.0\",\"method\":\"stream.next\",\"params\":{\"stream\":\"s%" G_GUINT64_FORMAT
    "\",\"seq\":%" G_GUINT64_FORMAT ",%s\"value\":",
    stream->number, stream->sequence, dropped);
  item->value_skip = 0;
  item->tail = "}}";
}

/* The number lost goes in as the object's first member. */
static void
write_bare_head (OrfStreamItem *item, guint64 n_dropped)
{
  item->tail = "";
  item->value_skip = n_dropped > 0 ? 1 : 0;
  item->head_length = 0;
  if (n_dropped > 0)
    write_head (item, "{\"dropped\":%" G_GUINT64_FORMAT ",", n_dropped);
}

static gboolean
has_value (const Stream *stream)
{
  return stream->first != NULL || stream->values.length > 0;
}

/* What was lost lay behind the first value: the one after that tells of it. */
static void
take_value (Stream *stream, OrfStreamItem *item)
{
  guint64 dropped = stream->first == NULL ? stream->dropped : 0;

  stream->sequence++;
  if (stream->style == ORF_STREAM_RPC)
    write_rpc_head (item, stream, dropped);
  else
    write_bare_head (item, dropped);
  stream->dropped -= dropped;
  item->value = g_steal_pointer (&stream->first);
  if (item->value == NULL)
    item->value = g_queue_pop_head (&stream->values);
}

static void
take_end (const Stream *stream, OrfStreamItem *item)
{
  write_head (
    item,
    "{\"jsonrpc\":\"2.0\",\"method\":\"stream.end\",\"params\":{\"stream\":\"s%" G_GUINT64_FORMAT
    "\",\"status\":\"%s\"}}",
    stream->number, stream->end);
  item->value = NULL;
  item->value_skip = 0;
  item->tail = "";
}

gboolean
orf_stream_reader_take (OrfStreamReader *reader, OrfStreamItem *item)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&reader->waiting)) != NULL) {
    Stream *stream = link->data;
    gboolean gives_value = has_value (stream);
    gboolean tells_end = !gives_value && stream->style == ORF_STREAM_RPC;

    stream->is_waiting = FALSE;
    if (gives_value)
      take_value (stream, item);
    else if (tells_end)
      take_end (stream, item);
    if (has_value (stream) || (gives_value && stream->end != NULL)) {
      stream->is_waiting = TRUE;
      g_queue_push_tail_link (&reader->waiting, &stream->link);
    } else if (stream->end != NULL) {
      g_hash_table_remove (reader->streams, &stream->number);
    }
    if (gives_value || tells_end)
      return TRUE;
  }
  return FALSE;
}

gsize
orf_stream_item_get_length (const OrfStreamItem *item)
{
  gsize length = 0;

  if (item->value != NULL)
    orf_blob_get_data (item->value, &length);
  return item->head_length + length - item->value_skip + strlen (item->tail);
}

void
orf_stream_item_clear (OrfStreamItem *item)
{
  g_clear_pointer (&item->value, orf_blob_unref);
}
