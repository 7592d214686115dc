/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-wire.h"

#include <string.h>

bool
orf_wire_is_text (const char *text, size_t max_bytes)
{
  json_t *value;

  if (strnlen (text, max_bytes + 1) > max_bytes)
    return false;
  value = json_string (text); /* NULL if it is no UTF-8 */
  json_decref (value);
  return value != NULL;
}

static void
set_text (json_t *object, const char *name, const char *text)
{
  if (text != NULL && text[0] != '\0')
    json_object_set_new (object, name, json_string (text));
}

/* Rounded up, and not beyond the day that a daemon takes. */
static json_t *
make_deadline (int64_t deadline_us)
{
  const int64_t longest_ms = 86400000, deadline_ms = (deadline_us - 1) / 1000 + 1;

  return json_integer (deadline_ms < longest_ms ? deadline_ms : longest_ms);
}

char *
orf_wire_make_call (int64_t id, const char *method, json_t *params, const OrfCallMeta *told)
{
  json_t *call = json_pack ("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", (json_int_t) id,
                            "method", method, "params", params);
  json_t *meta = json_object ();
  char *text = NULL;

  set_text (meta, "idempotency_key", told->idempotency_key);
  set_text (meta, "traceparent", told->traceparent);
  if (told->deadline_us > 0)
    json_object_set_new (meta, "deadline_ms", make_deadline (told->deadline_us));
  if (json_object_size (meta) > 0)
    json_object_set (call, "meta", meta);
  json_decref (meta);
  if (call != NULL)
    text = json_dumps (call, JSON_COMPACT);
  json_decref (call);
  return text;
}

/* Below 0 is unknown, and left out; so is what no daemon takes, for whose sake it would refuse all
 * that is told beside it. */
static void
set_number (json_t *object, const char *name, int64_t value)
{
  if (value >= 0 && value <= ORF_WIRE_MAX_INTEGER)
    json_object_set_new (object, name, json_integer (value));
}

char *
orf_wire_make_register (int64_t id,
                        const char *name,
                        const char *device,
                        const char *const *capabilities)
{
  json_t *params = json_object ();
  json_t *list = json_array ();

  set_text (params, "name", name);
  set_text (params, "device", device);
  for (size_t i = 0; capabilities[i] != NULL; i++)
    json_array_append_new (list, json_string (capabilities[i]));
  json_object_set_new (params, "capabilities", list);
  return orf_wire_make_call (id, "worker.register", params, &(OrfCallMeta){ 0 });
}

static json_t *
make_allocator (const OrfAllocator *allocator)
{
  json_t *object = json_object ();

  set_number (object, "allocated_bytes", allocator->allocated_bytes);
  set_number (object, "reserved_bytes", allocator->reserved_bytes);
  set_number (object, "active_bytes", allocator->active_bytes);
  set_number (object, "inactive_split_bytes", allocator->inactive_split_bytes);
  set_number (object, "largest_free_bytes", allocator->largest_free_bytes);
  set_number (object, "ooms", allocator->ooms);
  set_number (object, "retries", allocator->retries);
  set_number (object, "returned_bytes", allocator->returned_bytes);
  return object;
}

static json_t *
make_batches (const OrfStoredBatch *batches)
{
  json_t *list = json_array ();

  for (const OrfStoredBatch *batch = batches; batch != NULL; batch = batch->next) {
    json_t *object = json_object ();

    set_number (object, "size", (int64_t) batch->size);
    set_number (object, "peak_bytes", batch->peak_bytes);
    set_number (object, "duration_us", batch->duration_us);
    set_text (object, "operation", batch->operation);
    json_array_append_new (list, object);
  }
  return list;
}

/* A report is one call, of one trace: that of the newest batch that is in one. */
static const char *
find_context (const OrfStoredBatch *batches)
{
  const char *found = NULL;

  for (; batches != NULL; batches = batches->next)
    if (batches->traceparent[0] != '\0')
      found = batches->traceparent;
  return found;
}

char *
orf_wire_make_report (int64_t id,
                      const char *worker,
                      const OrfAllocator *allocator,
                      const OrfStoredBatch *batches,
                      const char *key)
{
  json_t *params = json_object ();

  set_text (params, "worker", worker);
  if (allocator != NULL)
    json_object_set_new (params, "allocator", make_allocator (allocator));
  if (batches != NULL)
    json_object_set_new (params, "batches", make_batches (batches));
  return orf_wire_make_call (id, "worker.report", params,
                             &(OrfCallMeta){ .idempotency_key = batches != NULL ? key : NULL,
                                             .traceparent = find_context (batches) });
}

/* Of a method that takes the worker alone. */
static char *
make_plain (int64_t id, const char *method, const char *worker)
{
  json_t *params = json_object ();

  set_text (params, "worker", worker);
  return orf_wire_make_call (id, method, params, &(OrfCallMeta){ 0 });
}

char *
orf_wire_make_advice (int64_t id, const char *worker)
{
  return make_plain (id, "worker.advice", worker);
}

char *
orf_wire_make_leave (int64_t id, const char *worker)
{
  return make_plain (id, "worker.leave", worker);
}

char *
orf_wire_make_done (int64_t id,
                    const char *worker,
                    const char *advice,
                    OrfOutcome outcome,
                    int64_t freed_bytes,
                    const OrfAllocator *allocator,
                    const char *text,
                    const char *traceparent)
{
  static const char *const words[] = { [ORF_OUTCOME_DONE] = "done",
                                       [ORF_OUTCOME_PARTIAL] = "partial",
                                       [ORF_OUTCOME_REFUSED] = "refused" };
  json_t *params = json_object ();

  set_text (params, "worker", worker);
  set_text (params, "advice", advice);
  set_text (params, "outcome", words[outcome]);
  set_number (params, "freed_bytes", freed_bytes);
  if (allocator != NULL)
    json_object_set_new (params, "allocator", make_allocator (allocator));
  set_text (params, "text", text);
  return orf_wire_make_call (id, "worker.done", params,
                             &(OrfCallMeta){ .traceparent = traceparent });
}

static const char *
get_text (const json_t *object, const char *name)
{
  const char *text = json_string_value (json_object_get (object, name));

  return text != NULL ? text : "";
}

static int64_t
get_number (const json_t *object, const char *name)
{
  return json_integer_value (json_object_get (object, name));
}

static OrfCleanupLevel
parse_level (const char *word)
{
  static const char *const words[] = { [ORF_CLEANUP_LEVEL_LIGHT] = "light",
                                       [ORF_CLEANUP_LEVEL_NORMAL] = "normal",
                                       [ORF_CLEANUP_LEVEL_AGGRESSIVE] = "aggressive" };

  for (size_t i = 1; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp (word, words[i]) == 0)
      return (OrfCleanupLevel) i;
  }
  return ORF_CLEANUP_LEVEL_NORMAL; /* one that is newer than we are */
}

static void
parse_advice (const json_t *value, OrfMessage *message)
{
  const char *kind = get_text (value, "kind");
  OrfAdvice *advice = &message->advice;

  advice->id = get_text (value, "advice");
  advice->deadline_us = get_number (value, "deadline_us");
  advice->reason = get_text (value, "reason");
  if (strcmp (kind, "cleanup") == 0) {
    advice->kind = ORF_ADVICE_CLEANUP;
    advice->level = parse_level (get_text (value, "level"));
  } else if (strcmp (kind, "batch_size") == 0 && get_number (value, "batch_size") > 0) {
    advice->kind = ORF_ADVICE_BATCH_SIZE;
    advice->batch_size = (uint64_t) get_number (value, "batch_size");
  }
  message->is_advice = advice->id[0] != '\0';
}

static void
parse_notification (const char *method, const json_t *params, OrfMessage *message)
{
  message->stream = get_text (params, "stream");
  if (strcmp (method, "stream.next") == 0) {
    message->kind = ORF_MESSAGE_NEXT;
    parse_advice (json_object_get (params, "value"), message);
  } else if (strcmp (method, "stream.end") == 0) {
    message->kind = ORF_MESSAGE_END;
    message->status = get_text (params, "status");
  }
}

void
orf_wire_parse (const char *line, OrfMessage *message)
{
  json_t *root = json_loads (line, JSON_REJECT_DUPLICATES, NULL);
  const json_t *result = json_object_get (root, "result");
  const json_t *error = json_object_get (root, "error");

  *message = (OrfMessage){ .root = root, .worker = "", .stream = "", .status = "", .text = "" };
  message->id = get_number (root, "id");
  if (json_is_object (error)) {
    message->kind = ORF_MESSAGE_ERROR;
    message->text = get_text (error, "message");
    message->status = get_text (json_object_get (error, "data"), "status");
  } else if (json_is_object (result)) {
    message->kind = ORF_MESSAGE_RESULT;
    message->worker = get_text (result, "worker");
    message->lease_us = get_number (result, "lease_us");
    message->stream = get_text (result, "stream");
  } else {
    parse_notification (get_text (root, "method"), json_object_get (root, "params"), message);
  }
}

void
orf_message_clear (OrfMessage *message)
{
  json_decref (message->root);
  message->root = NULL;
}
