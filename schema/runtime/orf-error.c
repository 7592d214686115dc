/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

typedef struct {
  char *field;
  char *allowed;
  gint64 retry_after_ms;
} OrfErrorPrivate;

static void
orf_error_private_init (OrfErrorPrivate *private)
{
  private->retry_after_ms = -1;
}

static void
orf_error_private_copy (const OrfErrorPrivate *from, OrfErrorPrivate *to)
{
  to->field = g_strdup (from->field);
  to->allowed = g_strdup (from->allowed);
  to->retry_after_ms = from->retry_after_ms;
}

static void
orf_error_private_clear (OrfErrorPrivate *private)
{
  g_free (private->field);
  g_free (private->allowed);
}

G_DEFINE_EXTENDED_ERROR (OrfError, orf_error)

GError *
orf_error_new_field (
  OrfErrorCode code, const char *field, const char *allowed, const char *format, ...)
{
  va_list arguments;
  GError *error;
  OrfErrorPrivate *private;

  va_start (arguments, format);
  error = g_error_new_valist (ORF_ERROR, (int) code, format, arguments);
  va_end (arguments);

  private = orf_error_get_private (error);
  private->field = g_strdup (field);
  private->allowed = g_strdup (allowed);
  return error;
}

GError *
orf_error_new_retry (OrfErrorCode code, gint64 retry_after_ms, const char *format, ...)
{
  va_list arguments;
  GError *error;

  va_start (arguments, format);
  error = g_error_new_valist (ORF_ERROR, (int) code, format, arguments);
  va_end (arguments);

  ((OrfErrorPrivate *) orf_error_get_private (error))->retry_after_ms = retry_after_ms;
  return error;
}

static const OrfErrorPrivate *
peek_private (const GError *error)
{
  return error->domain == ORF_ERROR ? orf_error_get_private (error) : NULL;
}

const char *
orf_error_get_field (const GError *error)
{
  const OrfErrorPrivate *private = peek_private (error);

  return private != NULL ? private->field : NULL;
}

const char *
orf_error_get_allowed (const GError *error)
{
  const OrfErrorPrivate *private = peek_private (error);

  return private != NULL ? private->allowed : NULL;
}

gint64
orf_error_get_retry_after_ms (const GError *error)
{
  const OrfErrorPrivate *private = peek_private (error);

  return private != NULL ? private->retry_after_ms : -1;
}

void
orf_error_prefix_field (GError *error, const char *prefix)
{
  OrfErrorPrivate *private;
  char *joined;

  if (error == NULL || error->domain != ORF_ERROR)
    return;
  private = orf_error_get_private (error);
  if (private->field == NULL)
    joined = g_strdup (prefix);
  else
    joined = g_strconcat (prefix, private->field[0] == '[' ? "" : ".", private->field, NULL);
  g_free (private->field);
  private->field = joined;
}

OrfErrorCode
orf_error_get_code (const GError *error)
{
  if (error->domain != ORF_ERROR || error->code < 0 || error->code >= ORF_N_ERRORS)
    return ORF_ERROR_INTERNAL;
  return (OrfErrorCode) error->code;
}

const char *
orf_error_code_to_name (OrfErrorCode code)
{
  return orf_error_infos[code].name;
}

int
orf_error_code_to_jsonrpc (OrfErrorCode code)
{
  return orf_error_infos[code].jsonrpc;
}

int
orf_error_code_to_http (OrfErrorCode code)
{
  return orf_error_infos[code].http;
}
