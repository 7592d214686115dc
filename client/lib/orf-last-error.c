/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-last-error.h"

#include <stdio.h>
#include <string.h>

static _Thread_local OrfLastError last = { .retry_after_ms = -1 };

/* The daemon's words for what we find ourselves, as schema/errors.json has them. */
static const struct {
  OrfStatus status;
  int code;
  const char *name;
} ours[] = {
  { ORF_STATUS_INVALID, -32602, "INVALID_ARGUMENT" },
  { ORF_STATUS_TIMEOUT, -32004, "DEADLINE_EXCEEDED" },
  { ORF_STATUS_NO_MEMORY, -32008, "RESOURCE_EXHAUSTED" },
  { ORF_STATUS_FAILED, -32014, "UNAVAILABLE" },
};
#define N_OURS (sizeof ours / sizeof ours[0])

void
orf_last_error_get (OrfLastError *error)
{
  *error = last;
}

/* text NULL is "". */
static void
copy (char *place, size_t size, const char *text)
{
  snprintf (place, size, "%s", text != NULL ? text : "");
}

OrfStatus
orf_last_error_note (OrfStatus status, const char *message)
{
  size_t i = 0;

  while (i < N_OURS - 1 && ours[i].status != status)
    i++;
  last = (OrfLastError){
    .status = status, .is_local = true, .code = ours[i].code, .retry_after_ms = -1
  };
  copy (last.name, sizeof last.name, ours[i].name);
  copy (last.message, sizeof last.message, message);
  return status;
}

static const char *
get_text (const json_t *object, const char *name)
{
  return json_string_value (json_object_get (object, name));
}

static OrfStatus
find_status (const char *name)
{
  for (size_t i = 0; i < N_OURS; i++)
    if (strcmp (ours[i].name, name) == 0)
      return ours[i].status == ORF_STATUS_NO_MEMORY ? ORF_STATUS_FAILED : ours[i].status;
  return ORF_STATUS_FAILED;
}

OrfStatus
orf_last_error_note_answer (const json_t *error)
{
  const json_t *data = json_object_get (error, "data");
  const json_t *retry = json_object_get (data, "retry_after_ms");

  last = (OrfLastError){ .code = (int) json_integer_value (json_object_get (error, "code")),
                         .retry_after_ms = json_is_integer (retry) ? json_integer_value (retry)
                                                                   : -1 };
  copy (last.name, sizeof last.name, get_text (data, "status"));
  copy (last.message, sizeof last.message, get_text (error, "message"));
  copy (last.field, sizeof last.field, get_text (data, "field"));
  copy (last.allowed, sizeof last.allowed, get_text (data, "allowed"));
  if (last.name[0] == '\0')
    copy (last.name, sizeof last.name, "UNKNOWN");
  last.status = find_status (last.name);
  return last.status;
}
