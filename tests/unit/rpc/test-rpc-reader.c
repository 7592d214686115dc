/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-config.h"
#include "orf-error.h"
#include "rpc/orf-rpc-reader.h"

#include <string.h>

typedef struct {
  OrfRpcReading base;
  GString *read; /* what was read, in its order */
  GString *told; /* what was told */
  guint *n_freed;
} Reading;

typedef struct {
  OrfConfig *config;
  OrfMemory *memory;
  OrfRpcReader *reader;
  GString *read, *told;
  guint n_freed;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->config = orf_config_new_defaults ();
  f->config->memory.rpc_bytes = 10;
  f->memory = orf_memory_new (f->config);
  f->reader = orf_rpc_reader_new (4, f->memory, NULL);
  f->read = g_string_new (NULL);
  f->told = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->reader, orf_rpc_reader_free);
  g_assert_cmpint (orf_memory_get_use (f->memory, ORF_MEMORY_RPC).used_bytes, ==, 0);
  orf_memory_free (f->memory);
  orf_config_free (f->config);
  g_string_free (f->read, TRUE);
  g_string_free (f->told, TRUE);
}

static void
read_cb (OrfRpcReading *base)
{
  g_string_append_len (((Reading *) base)->read, g_bytes_get_data (base->text, NULL),
                       (gssize) base->length);
}

static void
done_cb (OrfRpcReading *base)
{
  g_string_append_c (((Reading *) base)->told, '.');
}

static void
free_cb (OrfRpcReading *base)
{
  ++*((Reading *) base)->n_freed;
  g_free (base);
}

static OrfRpcReading *
push (Fixture *f, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  Reading *reading = g_new0 (Reading, 1);

  reading->base.read = read_cb;
  reading->base.done = done_cb;
  reading->base.free = free_cb;
  reading->read = f->read;
  reading->told = f->told;
  reading->n_freed = &f->n_freed;
  return orf_rpc_reader_push (f->reader, &reading->base, bytes, NULL, error) ? &reading->base
                                                                             : NULL;
}

static void
test_size (Fixture *f, gconstpointer data)
{
  g_assert_false (orf_rpc_reader_wants (f->reader, 3));
  g_assert_true (orf_rpc_reader_wants (f->reader, 4));
  g_assert_false (orf_rpc_reader_wants (NULL, 4));
}

static void
test_order (Fixture *f, gconstpointer data)
{
  g_assert_nonnull (push (f, "a1", NULL));
  g_assert_nonnull (push (f, "b2", NULL));
  g_assert_nonnull (push (f, "c3", NULL));
  while (f->told->len < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->read->str, ==, "a1b2c3");
  g_assert_cmpuint (f->n_freed, ==, 3);
}

/* The bytes that wait count, and what is beyond them is not kept. */
static void
test_room (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (push (f, "12345678", NULL)); /* whatever its size: nothing waits */
  g_assert_nonnull (push (f, "12345678", NULL));
  g_assert_null (push (f, "12345678", &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_nonnull (strstr (error->message, "memory.rpc_bytes"));
  g_assert_cmpuint (f->n_freed, ==, 1);
  while (f->n_freed < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (push (f, "12345678", NULL));
}

static void
test_abandoned (Fixture *f, gconstpointer data)
{
  orf_rpc_reading_abandon (push (f, "1", NULL));
  while (f->n_freed < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->told->len, ==, 0);
}

/* What was pushed is told once more when the reader ends. */
static void
test_end (Fixture *f, gconstpointer data)
{
  g_assert_nonnull (push (f, "1", NULL));
  g_clear_pointer (&f->reader, orf_rpc_reader_free);
  g_assert_cmpstr (f->told->str, ==, ".");
  g_assert_cmpuint (f->n_freed, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/rpc/reader/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (size);
  ADD (order);
  ADD (room);
  ADD (abandoned);
  ADD (end);
  return g_test_run ();
}
