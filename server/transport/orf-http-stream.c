/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source that libsoup waits on is woken by its ready time, which costs no descriptor in GLib's
 * poll. The stream keeps a reference to the last source of each direction; it may be destroyed
 * already, and waking it then does nothing.
 */
#include "transport/orf-http-stream.h"

#include <errno.h>

typedef struct {
  GInputStream parent;
  OrfHttpStream *stream; /* NULL once that is gone */
} OrfHttpInput;

typedef struct {
  GOutputStream parent;
  OrfHttpStream *stream;
} OrfHttpOutput;

typedef GInputStreamClass OrfHttpInputClass;
typedef GOutputStreamClass OrfHttpOutputClass;

struct _OrfHttpStream {
  GIOStream parent;
  const OrfHttpStreamOps *ops;
  gpointer owner; /* NULL once closed */
  OrfHttpInput *input;
  OrfHttpOutput *output;
  GSource *input_source;
  GSource *output_source;
};

GType orf_http_input_get_type (void);
GType orf_http_output_get_type (void);
static void input_pollable_init (gpointer data, gpointer unused);
static void output_pollable_init (gpointer data, gpointer unused);

G_DEFINE_TYPE_WITH_CODE (OrfHttpInput,
                         orf_http_input,
                         G_TYPE_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, input_pollable_init))
G_DEFINE_TYPE_WITH_CODE (OrfHttpOutput,
                         orf_http_output,
                         G_TYPE_OUTPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                output_pollable_init))
G_DEFINE_FINAL_TYPE (OrfHttpStream, orf_http_stream, G_TYPE_IO_STREAM)

static gssize
tell_result (gssize n, GError **error)
{
  int code = errno;

  if (n < 0)
    g_set_error_literal (error, G_IO_ERROR, (int) g_io_error_from_errno (code), g_strerror (code));
  return n;
}

static OrfHttpStream *
open_stream (OrfHttpStream *stream)
{
  return stream != NULL && stream->owner != NULL ? stream : NULL;
}

/* ready: what is waited for is there already, or the stream is closed, which is to be met by
 * reading. */
static GSource *
new_source (gpointer pollable, GSource **kept, gboolean ready)
{
  GSource *source = g_pollable_source_new (pollable);

  if (ready)
    g_source_set_ready_time (source, 0);
  if (kept != NULL) {
    if (*kept != NULL)
      g_source_unref (*kept);
    *kept = g_source_ref (source);
  }
  return source;
}

static gssize
input_read (GPollableInputStream *pollable, void *buffer, gsize length, GError **error)
{
  OrfHttpStream *stream = open_stream (((OrfHttpInput *) pollable)->stream);

  return stream != NULL ? tell_result (stream->ops->read (stream->owner, buffer, length), error)
                        : 0;
}

static GSource *
input_create_source (GPollableInputStream *pollable, GCancellable *cancellable)
{
  OrfHttpStream *stream = open_stream (((OrfHttpInput *) pollable)->stream);
  gboolean ready = stream == NULL || stream->ops->await_input (stream->owner);

  return new_source (pollable, stream != NULL ? &stream->input_source : NULL, ready);
}

static gboolean
input_is_readable (GPollableInputStream *pollable)
{
  OrfHttpStream *stream = open_stream (((OrfHttpInput *) pollable)->stream);

  return stream == NULL || stream->ops->await_input (stream->owner);
}

static void
input_pollable_init (gpointer data, gpointer unused)
{
  GPollableInputStreamInterface *iface = data;

  iface->read_nonblocking = input_read;
  iface->create_source = input_create_source;
  iface->is_readable = input_is_readable;
}

/* For who would block: nobody here does, and there is no thread to block in. */
static gssize
input_read_fn (
  GInputStream *base, void *buffer, gsize length, GCancellable *cancellable, GError **error)
{
  return input_read (G_POLLABLE_INPUT_STREAM (base), buffer, length, error);
}

static void
orf_http_input_class_init (OrfHttpInputClass *class)
{
  class->read_fn = input_read_fn;
}

static void
orf_http_input_init (OrfHttpInput *input)
{
}

static gssize
output_write (GPollableOutputStream *pollable, const void *data, gsize length, GError **error)
{
  OrfHttpStream *stream = open_stream (((OrfHttpOutput *) pollable)->stream);

  if (stream == NULL) {
    errno = EPIPE;
    return tell_result (-1, error);
  }
  return tell_result (stream->ops->write (stream->owner, data, length), error);
}

static GSource *
output_create_source (GPollableOutputStream *pollable, GCancellable *cancellable)
{
  OrfHttpStream *stream = open_stream (((OrfHttpOutput *) pollable)->stream);
  gboolean ready = stream == NULL || stream->ops->await_output (stream->owner);

  return new_source (pollable, stream != NULL ? &stream->output_source : NULL, ready);
}

static gboolean
output_is_writable (GPollableOutputStream *pollable)
{
  OrfHttpStream *stream = open_stream (((OrfHttpOutput *) pollable)->stream);

  return stream == NULL || stream->ops->await_output (stream->owner);
}

static void
output_pollable_init (gpointer data, gpointer unused)
{
  GPollableOutputStreamInterface *iface = data;

  iface->write_nonblocking = output_write;
  iface->create_source = output_create_source;
  iface->is_writable = output_is_writable;
}

static gssize
output_write_fn (
  GOutputStream *base, const void *data, gsize length, GCancellable *cancellable, GError **error)
{
  return output_write (G_POLLABLE_OUTPUT_STREAM (base), data, length, error);
}

static void
orf_http_output_class_init (OrfHttpOutputClass *class)
{
  class->write_fn = output_write_fn;
}

static void
orf_http_output_init (OrfHttpOutput *output)
{
}

static GInputStream *
stream_get_input (GIOStream *base)
{
  return (GInputStream *) ORF_HTTP_STREAM (base)->input;
}

static GOutputStream *
stream_get_output (GIOStream *base)
{
  return (GOutputStream *) ORF_HTTP_STREAM (base)->output;
}

static gboolean
stream_close (GIOStream *base, GCancellable *cancellable, GError **error)
{
  OrfHttpStream *stream = ORF_HTTP_STREAM (base);
  gpointer owner = g_steal_pointer (&stream->owner);

  /* they hold references to input and output */
  g_clear_pointer (&stream->input_source, g_source_unref);
  g_clear_pointer (&stream->output_source, g_source_unref);
  if (owner != NULL)
    stream->ops->close (owner);
  return TRUE;
}

static void
stream_dispose (GObject *object)
{
  OrfHttpStream *stream = ORF_HTTP_STREAM (object);

  G_OBJECT_CLASS (orf_http_stream_parent_class)->dispose (object); /* closes */
  if (stream->input != NULL)
    stream->input->stream = NULL;
  if (stream->output != NULL)
    stream->output->stream = NULL;
  g_clear_object (&stream->input);
  g_clear_object (&stream->output);
}

static void
orf_http_stream_class_init (OrfHttpStreamClass *class)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = stream_dispose;
  stream_class->get_input_stream = stream_get_input;
  stream_class->get_output_stream = stream_get_output;
  stream_class->close_fn = stream_close;
}

static void
orf_http_stream_init (OrfHttpStream *stream)
{
  stream->input = g_object_new (orf_http_input_get_type (), NULL);
  stream->input->stream = stream;
  stream->output = g_object_new (orf_http_output_get_type (), NULL);
  stream->output->stream = stream;
}

OrfHttpStream *
orf_http_stream_new (const OrfHttpStreamOps *ops, gpointer owner)
{
  OrfHttpStream *stream = g_object_new (ORF_TYPE_HTTP_STREAM, NULL);

  stream->ops = ops;
  stream->owner = owner;
  return stream;
}

void
orf_http_stream_wake_input (OrfHttpStream *stream)
{
  if (stream->input_source != NULL)
    g_source_set_ready_time (stream->input_source, 0);
}

void
orf_http_stream_wake_output (OrfHttpStream *stream)
{
  if (stream->output_source != NULL)
    g_source_set_ready_time (stream->output_source, 0);
}
