/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actuators/orf-actuator-kind.h"

#include "actuators/orf-actuator-kind-private.h"
#include "core/orf-sum.h"
#include "core/orf-url.h"
#include "orf-error.h"

/* ---- values ---------------------------------------------------------------------------------- */

void
orf_actuator_request_free (OrfActuatorRequest *request)
{
  g_free (request->path);
  g_free (request->body);
  g_free (request);
}

void
orf_actuator_state_init (OrfActuatorState *state)
{
  *state = (OrfActuatorState){ -1, -1, NULL, -1, -1, -1 };
}

void
orf_actuator_state_clear (OrfActuatorState *state)
{
  g_clear_pointer (&state->models, g_ptr_array_unref);
  orf_actuator_state_init (state);
}

static OrfActuatorRequest *
make_request (const char *verb, const char *path, const char *body)
{
  OrfActuatorRequest *request = g_new0 (OrfActuatorRequest, 1);

  request->verb = verb;
  request->path = g_strdup (path);
  request->body = g_strdup (body);
  return request;
}

void
orf_actuator_add_post (GPtrArray *requests, const char *path, const char *body)
{
  g_ptr_array_add (requests, make_request ("POST", path, body));
}

void
orf_actuator_add_known (gint64 *sum, gint64 bytes)
{
  *sum = orf_sum_add (MAX (*sum, 0), bytes);
}

/* ---- any other --------------------------------------------------------------------------------
 */

static void
add_post (const OrfConfigActuator *settings,
          OrfCleanupLevel level,
          const OrfActuatorState *state,
          GPtrArray *requests)
{
  orf_actuator_add_post (requests, NULL, settings->body[0] != '\0' ? settings->body : NULL);
}

static void
add_restore_post (const OrfConfigActuator *settings,
                  OrfCleanupLevel level,
                  const OrfActuatorState *before,
                  GPtrArray *requests)
{
  orf_actuator_add_post (requests, settings->restore_path, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const OrfActuatorKind http_kind = {
  .name = "http",
  .add_cleanup = add_post,
  .add_restore = add_restore_post,
};

static const OrfActuatorKind exec_kind = {
  .name = "exec", /* the command is the way back too */
};

static const OrfActuatorKind *const kinds[] = {
  [ORF_CONFIG_ACTUATOR_KIND_HTTP] = &http_kind,
  [ORF_CONFIG_ACTUATOR_KIND_EXEC] = &exec_kind,
  [ORF_CONFIG_ACTUATOR_KIND_VLLM] = &orf_actuator_kind_vllm,
  [ORF_CONFIG_ACTUATOR_KIND_SGLANG] = &orf_actuator_kind_sglang,
  [ORF_CONFIG_ACTUATOR_KIND_TRITON] = &orf_actuator_kind_triton,
  [ORF_CONFIG_ACTUATOR_KIND_OLLAMA] = &orf_actuator_kind_ollama,
  [ORF_CONFIG_ACTUATOR_KIND_COMFYUI] = &orf_actuator_kind_comfyui,
};

const OrfActuatorKind *
orf_actuator_kind_get (const OrfConfigActuator *settings)
{
  return kinds[settings->kind];
}

const char *
orf_actuator_kind_get_name (const OrfActuatorKind *kind)
{
  return kind->name;
}

guint
orf_actuator_kind_get_n_looks (const OrfActuatorKind *kind)
{
  return kind->n_looks;
}

OrfActuatorRequest *
orf_actuator_kind_make_look (const OrfActuatorKind *kind, guint i)
{
  const OrfActuatorLook *look = &kind->looks[i];

  return make_request (look->verb, look->path, look->body);
}

gboolean
orf_actuator_kind_is_optional (const OrfActuatorKind *kind, guint i)
{
  return kind->looks[i].optional;
}

gboolean
orf_actuator_kind_read_look (const OrfActuatorKind *kind,
                             const OrfConfigActuator *settings,
                             guint i,
                             const GString *body,
                             OrfActuatorState *state,
                             GError **error)
{
  return kind->looks[i].read == NULL || kind->looks[i].read (settings, body, state, error);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static OrfCleanupLevel
get_least_level (const OrfActuatorKind *kind, const OrfConfigActuator *settings)
{
  switch ((OrfConfigActuatorFromLevel) settings->from_level) {
  case ORF_CONFIG_ACTUATOR_FROM_LEVEL_LIGHT:
    return ORF_CLEANUP_LEVEL_LIGHT;
  case ORF_CONFIG_ACTUATOR_FROM_LEVEL_NORMAL:
    return ORF_CLEANUP_LEVEL_NORMAL;
  case ORF_CONFIG_ACTUATOR_FROM_LEVEL_AGGRESSIVE:
    return ORF_CLEANUP_LEVEL_AGGRESSIVE;
  case ORF_CONFIG_ACTUATOR_FROM_LEVEL_AUTO:
    break;
  }
  return kind->sleeps ? ORF_CLEANUP_LEVEL_AGGRESSIVE : ORF_CLEANUP_LEVEL_NORMAL;
}

const char *const *
orf_actuator_kind_get_capabilities (const OrfActuatorKind *kind, const OrfConfigActuator *settings)
{
  static const char *const words[] = { "trim", "shrink", "unload", NULL };

  return &words[get_least_level (kind, settings) - ORF_CLEANUP_LEVEL_LIGHT];
}

char *
orf_actuator_kind_dup_refusal (const OrfActuatorKind *kind,
                               const OrfConfigActuator *settings,
                               OrfCleanupLevel level,
                               const OrfActuatorState *state)
{
  OrfCleanupLevel least = get_least_level (kind, settings);

  if (level < least)
    return g_strdup_printf ("it is asked from level %s on ([actuators.%s] from_level)",
                            orf_cleanup_level_to_string (least), settings->name);
  if (kind->sleeps && state->n_running > 0 && state->sleeping != 1)
    return g_strdup_printf ("%" G_GINT64_FORMAT " requests run or wait", state->n_running);
  return NULL;
}

gboolean
orf_actuator_kind_is_empty (const OrfActuatorKind *kind, const OrfActuatorState *state)
{
  return kind->is_done != NULL && kind->is_done (state);
}

GPtrArray *
orf_actuator_kind_make_cleanup (const OrfActuatorKind *kind,
                                const OrfConfigActuator *settings,
                                OrfCleanupLevel level,
                                const OrfActuatorState *state)
{
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_actuator_request_free);

  if (kind->add_cleanup != NULL)
    kind->add_cleanup (settings, level, state, requests);
  return requests;
}

gboolean
orf_actuator_kind_is_done (const OrfActuatorKind *kind, const OrfActuatorState *now)
{
  return kind->is_done == NULL || kind->is_done (now);
}

gint64
orf_actuator_kind_get_claim (const OrfActuatorState *before, const OrfActuatorState *now)
{
  if (before->held_bytes < 0 || now->held_bytes < 0)
    return -1;
  return MAX (before->held_bytes - now->held_bytes, 0);
}

GPtrArray *
orf_actuator_kind_make_restore (const OrfActuatorKind *kind,
                                const OrfConfigActuator *settings,
                                OrfCleanupLevel level,
                                const OrfActuatorState *before)
{
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_actuator_request_free);

  if (kind->add_restore != NULL)
    kind->add_restore (settings, level, before, requests);
  return requests;
}

/* ---- settings -------------------------------------------------------------------------------- */

static gboolean
refuse (const OrfConfigActuator *settings, const char *key, const char *what, GError **error)
{
  g_autofree char *field = g_strconcat ("actuators.", settings->name, key[0] != '\0' ? "." : "",
                                        key, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, what, "%s: %s",
                                                 field, what));
  return FALSE;
}

static gboolean
check_target (const OrfConfigActuator *settings, GError **error)
{
  gboolean exec = settings->kind == ORF_CONFIG_ACTUATOR_KIND_EXEC;

  if (exec != g_str_equal (settings->target, "exec"))
    return refuse (settings, exec ? "" : "kind", "exec goes with kind=exec, a URL with the others",
                   error);
  if (exec)
    return (settings->command[0] != NULL && g_path_is_absolute (settings->command[0])) ||
           refuse (settings, "command", "a program by its absolute path, and its arguments", error);
  return orf_url_is_valid (settings->target) ||
         refuse (settings, "", "an http:// or https:// URL, http://unix:/SOCKET:/PATH, or exec",
                 error);
}

char **
orf_actuator_kind_dup_command (const OrfConfigActuator *settings)
{
  return settings->kind == ORF_CONFIG_ACTUATOR_KIND_EXEC ? g_strdupv (settings->command) : NULL;
}

gboolean
orf_actuator_kind_check (const OrfConfigActuator *settings, GError **error)
{
  const OrfActuatorKind *kind = orf_actuator_kind_get (settings);
  gboolean restores = settings->restore != ORF_CONFIG_ACTUATOR_RESTORE_NEVER;

  if (!check_target (settings, error))
    return FALSE;
  if (settings->kind == ORF_CONFIG_ACTUATOR_KIND_TRITON && settings->models[0] == NULL)
    return refuse (settings, "models", "names the models that may be unloaded", error);
  if (restores && kind->loads_itself)
    return refuse (settings, "restore", "never: it loads its models by itself", error);
  if (restores && settings->kind == ORF_CONFIG_ACTUATOR_KIND_HTTP &&
      settings->restore_path[0] != '/')
    return refuse (settings, "restore_path", "a path, where restore is low", error);
  return TRUE;
}
