/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any line as what liborfeas hears of a daemon: of worker.* and of cache.*, and the base64 in it.
 * And what liborfeas says of any values: the daemon takes it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "orf-base64.h"
#include "orf-cache-value.h"
#include "orf-cache-wire.h"
#include "orf-wire.h"

#include "fuzz-client.h"
#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
hear_worker (const char *line)
{
  OrfMessage message;

  orf_wire_parse (line, &message);
  if (message.worker == NULL || message.stream == NULL || message.status == NULL ||
      message.text == NULL)
    g_error ("a text that is not there, and not empty");
  orf_message_clear (&message);
}

static void
hear_cache (const char *line)
{
  OrfCacheMessage message;
  OrfCacheValue *value = NULL;

  orf_cache_wire_parse (line, &message);
  if (message.result != NULL && orf_cache_wire_read_value (message.result, &value) &&
      value != NULL) {
    orf_cache_value_get_size (value);
    orf_cache_value_release (value);
  }
  orf_cache_wire_get_number (message.value, "t_us");
  orf_cache_wire_get_text (message.value, "text");
  json_decref (message.root);
}

static void
unpack (const uint8_t *data, size_t size)
{
  char *text = g_strndup ((const char *) data, size);
  size_t length = strlen (text), n_bytes;

  if (orf_base64_decode (text, length, &n_bytes)) {
    g_autofree char *again = g_malloc (orf_base64_get_length (n_bytes) + 1);
    size_t n_again;

    orf_base64_encode (text, n_bytes, again);
    if (strlen (again) != length || !orf_base64_decode (again, length, &n_again) ||
        n_again != n_bytes || memcmp (again, text, n_bytes) != 0)
      g_error ("%.*s became something else", (int) length, (const char *) data);
  }
  g_free (text);
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* JSON-RPC's integers end there. */
#define MAX_INTEGER (G_GINT64_CONSTANT (1) << 53)

static void
check_said (char *line)
{
  g_autofree char *refusal = line != NULL ? fuzz_daemon_refuse (line) : g_strdup ("nothing");

  if (refusal != NULL || strchr (line, '\n') != NULL)
    g_error ("%s: %s", line, refusal);
  free (line);
}

/* What has to be there, of at most 40 bytes. */
static char *
take_word (FuzzInput *input)
{
  char *text = fuzz_take_text (input, 40);

  return text[0] != '\0' ? text : (g_free (text), g_strdup ("w"));
}

/* Below 0 is unknown. */
static int64_t
take_amount (FuzzInput *input)
{
  guint8 known = fuzz_take_byte (input);

  return known % 4 == 0 ? -1 : (int64_t) (fuzz_take_number (input) % MAX_INTEGER);
}

static void
take_allocator (FuzzInput *input, OrfAllocator *allocator)
{
  *allocator = (OrfAllocator){
    .allocated_bytes = take_amount (input),
    .reserved_bytes = take_amount (input),
    .active_bytes = take_amount (input),
    .inactive_split_bytes = take_amount (input),
    .largest_free_bytes = take_amount (input),
    .ooms = take_amount (input),
    .retries = take_amount (input),
    .returned_bytes = take_amount (input),
  };
}

static OrfStoredBatch *
take_batches (FuzzInput *input)
{
  OrfStoredBatch *batches = NULL;

  for (guint n = fuzz_take_byte (input) % 4; n > 0; n--) {
    g_autofree char *operation = fuzz_take_text (input, 40);
    OrfStoredBatch *batch = g_malloc0 (sizeof *batch + strlen (operation) + 1);

    batch->next = batches;
    batch->size = 1 + fuzz_take_number (input) % MAX_INTEGER;
    batch->peak_bytes = take_amount (input);
    batch->duration_us = take_amount (input);
    if (n % 2 != 0)
      strcpy (batch->traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    strcpy (batch->operation, operation);
    batches = batch;
  }
  return batches;
}

static void
free_batches (OrfStoredBatch *batches)
{
  while (batches != NULL) {
    OrfStoredBatch *next = batches->next;

    g_free (batches);
    batches = next;
  }
}

static void
say_worker (FuzzInput *input)
{
  g_autofree char *worker = take_word (input), *text = take_word (input), *key = take_word (input);
  const char *const capabilities[] = { worker, text, NULL };
  OrfStoredBatch *batches = take_batches (input);
  OrfAllocator allocator;

  take_allocator (input, &allocator);
  if (!orf_wire_is_text (worker, 40) || orf_wire_is_text ("\xff", 1) || orf_wire_is_text ("ab", 1))
    g_error ("%s is text, and is not", worker);
  check_said (orf_wire_make_register (1, worker, text, capabilities));
  check_said (orf_wire_make_report (2, worker, &allocator, batches, key));
  check_said (orf_wire_make_advice (3, worker));
  check_said (orf_wire_make_done (4, worker, key, 1 + fuzz_take_byte (input) % 3,
                                  allocator.allocated_bytes, &allocator, text, NULL));
  check_said (orf_wire_make_leave (5, worker));
  free_batches (batches);
}

static void
say_value (FuzzInput *input, const OrfCacheCall *call, const char *key)
{
  g_autofree char *tag = take_word (input), *lease = take_word (input);
  const char *const tags[] = { tag, key, NULL };
  const OrfCacheSetOptions options = { .ttl_ms = fuzz_take_byte (input),
                                       .stale_us = fuzz_take_byte (input),
                                       .cost_us = fuzz_take_byte (input),
                                       .tags = tags,
                                       .lease = lease };

  check_said (orf_cache_wire_make_set (call, key, NULL, 0, NULL));
  check_said (orf_cache_wire_make_set (call, key, input->data, input->size, &options));
}

static void
say_cache (FuzzInput *input)
{
  g_autofree char *key = take_word (input), *tag = take_word (input);
  const OrfCacheCall call = { 1, fuzz_take_byte (input) };
  int64_t lease_us = fuzz_take_byte (input) % 2 * 1000;

  if (!orf_cache_wire_is_key (key))
    g_error ("%s is no key", key);
  check_said (orf_cache_wire_make_get (&call, key, lease_us, fuzz_take_byte (input)));
  check_said (orf_cache_wire_make_get_many (&call, json_pack ("[s, s]", key, tag)));
  check_said (orf_cache_wire_make_delete (&call, key));
  check_said (orf_cache_wire_make_invalidate (&call, key, tag));
  check_said (orf_cache_wire_make_watch (2, key));
  check_said (orf_cache_wire_make_sync (3));
  say_value (input, &call, key);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *line = g_strndup ((const char *) data, size);
  FuzzInput input = { data, size };

  hear_worker (line);
  hear_cache (line);
  unpack (data, size);
  if (fuzz_take_byte (&input) % 2 == 0) /* by turns, for it takes long */
    say_worker (&input);
  else
    say_cache (&input);
  return 0;
}
