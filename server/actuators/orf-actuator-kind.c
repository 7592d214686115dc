/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actuators/orf-actuator-kind.h"

#include <string.h>

#include "core/orf-url.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"

typedef gboolean (*ReadLook) (const OrfConfigActuator *settings,
                              const GString *body,
                              OrfActuatorState *state,
                              GError **error);

typedef struct {
  const char *verb, *path, *body;
  ReadLook read;     /* NULL: that it answers is all */
  gboolean optional; /* not every version, or setting, has it */
} Look;

struct _OrfActuatorKind {
  const char *name;
  gboolean sleeps;       /* it does not serve until it is woken or loaded again */
  gboolean loads_itself; /* it has no way back, and needs none */
  const Look *looks;     /* NULL: its state cannot be asked */
  guint n_looks;
  void (*add_cleanup) (const OrfConfigActuator *settings,
                       OrfCleanupLevel level,
                       const OrfActuatorState *state,
                       GPtrArray *requests);
  gboolean (*is_done) (const OrfActuatorState *now); /* NULL: what it answered is all it says */
  void (*add_restore) (const OrfConfigActuator *settings,
                       OrfCleanupLevel level,
                       const OrfActuatorState *before,
                       GPtrArray *requests);
};

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

static void
add (GPtrArray *requests, const char *path, const char *body)
{
  g_ptr_array_add (requests, make_request ("POST", path, body));
}

/* ---- vLLM -------------------------------------------------------------------------------------
 * /sleep answers 200 at once, also where the engine dies of it: with requests running some versions
 * do (vllm#45520).  mode=wait lets those that have it finish what began meanwhile.
 */

static gboolean
read_sleeping (const OrfConfigActuator *settings,
               const GString *body,
               OrfActuatorState *state,
               GError **error)
{
  g_autoptr (OrfActuatorSleeping) answer = orf_decode_text (&orf_actuator_sleeping_desc, body->str,
                                                            body->len, ORF_DECODE_LENIENT, error);

  if (answer == NULL)
    return FALSE;
  state->sleeping = answer->is_sleeping;
  return TRUE;
}

/* Sum of a gauge's series in Prometheus' text; -1: there is none. */
static gint64
sum_gauge (const GString *page, const char *name)
{
  gsize length = strlen (name);
  gint64 sum = -1;

  for (const char *line = page->str; line != NULL; line = strchr (line, '\n')) {
    const char *end, *at;

    line += *line == '\n';
    if (strncmp (line, name, length) != 0 || (line[length] != '{' && line[length] != ' '))
      continue;
    end = line + strcspn (line, "\n");
    at = line[length] == '{' ? g_strrstr_len (line, end - line, "}") : line + length;
    if (at != NULL)
      sum = MAX (sum, 0) + (gint64) CLAMP (g_ascii_strtod (at + 1, NULL), 0, 1e9);
  }
  return sum;
}

static gboolean
read_vllm_metrics (const OrfConfigActuator *settings,
                   const GString *body,
                   OrfActuatorState *state,
                   GError **error)
{
  gint64 running = sum_gauge (body, "vllm:num_requests_running");
  gint64 waiting = sum_gauge (body, "vllm:num_requests_waiting");

  if (running >= 0 || waiting >= 0)
    state->n_running = MAX (running, 0) + MAX (waiting, 0);
  return TRUE;
}

static const Look vllm_looks[] = {
  { "GET", "/is_sleeping", NULL, read_sleeping, FALSE },
  { "GET", "/metrics", NULL, read_vllm_metrics, TRUE },
};

static void
add_sleep (const OrfConfigActuator *settings,
           OrfCleanupLevel level,
           const OrfActuatorState *state,
           GPtrArray *requests)
{
  add (requests, "/sleep?level=1&mode=wait", NULL);
}

static gboolean
is_asleep (const OrfActuatorState *now)
{
  return now->sleeping == 1;
}

static void
add_wake_up (const OrfConfigActuator *settings,
             OrfCleanupLevel level,
             const OrfActuatorState *before,
             GPtrArray *requests)
{
  add (requests, "/wake_up", NULL);
}

/* ---- SGLang -----------------------------------------------------------------------------------
 * Its scheduler asserts that nothing runs; /flush_cache answers 400 where something does, and what
 * it drops would go anyway.  The request to release needs a body.
 */

static const Look sglang_looks[] = {
  { "GET", "/health", NULL, NULL, FALSE },
};

static const char *
get_tags (OrfCleanupLevel level)
{
  return level == ORF_CLEANUP_LEVEL_AGGRESSIVE ? "{\"tags\":[\"kv_cache\",\"weights\"]}"
                                               : "{\"tags\":[\"kv_cache\"]}";
}

static void
add_release (const OrfConfigActuator *settings,
             OrfCleanupLevel level,
             const OrfActuatorState *state,
             GPtrArray *requests)
{
  add (requests, "/flush_cache", NULL);
  add (requests, "/release_memory_occupation", get_tags (level));
}

static void
add_resume (const OrfConfigActuator *settings,
            OrfCleanupLevel level,
            const OrfActuatorState *before,
            GPtrArray *requests)
{
  add (requests, "/resume_memory_occupation", get_tags (level));
}

/* ---- servers of models: Triton, Ollama --------------------------------------------------------
 */

/* "llama3" is "llama3:latest" to Ollama. */
static gboolean
is_meant (const OrfConfigActuator *settings, const char *name)
{
  gsize length = strcspn (name, ":");

  if (settings->models[0] == NULL)
    return settings->kind == ORF_CONFIG_ACTUATOR_KIND_OLLAMA;
  for (guint i = 0; settings->models[i] != NULL; i++)
    if (g_str_equal (settings->models[i], name) ||
        (g_str_equal (name + length, ":latest") && strlen (settings->models[i]) == length &&
         strncmp (settings->models[i], name, length) == 0))
      return TRUE;
  return FALSE;
}

/* Triton's index has what is merely in the repository too; Ollama tells only what is loaded. */
static gboolean
is_loaded (const OrfConfigActuator *settings, const char *state)
{
  static const char *const loaded[] = { "READY", "LOADING", "UNLOADING", NULL };

  return settings->kind == ORF_CONFIG_ACTUATOR_KIND_OLLAMA ||
         (state != NULL && g_strv_contains (loaded, state));
}

static void
add_bytes (gint64 *sum, gint64 bytes) /* which were unknown until now */
{
  *sum = MAX (*sum, 0) + bytes;
}

static void
take_models (const OrfConfigActuator *settings,
             const OrfActuatorModels *answer,
             OrfActuatorState *state)
{
  state->models = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < answer->models->len; i++) {
    const OrfActuatorModel *model = answer->models->pdata[i];

    if (!is_loaded (settings, model->state))
      continue;
    if (model->has_size_vram)
      add_bytes (&state->reserved_bytes, model->size_vram);
    if (!is_meant (settings, model->name))
      continue;
    g_ptr_array_add (state->models, g_strdup (model->name));
    if (model->has_size_vram)
      add_bytes (&state->held_bytes, model->size_vram);
  }
}

/* prefix and suffix make the text an object where it is none. */
static gboolean
read_models (const OrfConfigActuator *settings,
             const char *prefix,
             const GString *body,
             const char *suffix,
             OrfActuatorState *state,
             GError **error)
{
  g_autofree char *text = g_strconcat (prefix, body->str, suffix, NULL);
  g_autoptr (OrfActuatorModels) answer = orf_decode_text (&orf_actuator_models_desc, text,
                                                          strlen (text), ORF_DECODE_LENIENT, error);

  if (answer == NULL)
    return FALSE;
  take_models (settings, answer, state);
  return TRUE;
}

static gboolean
has_no_models (const OrfActuatorState *now)
{
  return now->models != NULL && now->models->len == 0;
}

static gboolean
read_index (const OrfConfigActuator *settings,
            const GString *body,
            OrfActuatorState *state,
            GError **error)
{
  return read_models (settings, "{\"models\":", body, "}", state, error);
}

static const Look triton_looks[] = {
  { "POST", "/v2/repository/index", "{}", read_index, FALSE },
};

static void
add_triton (const char *verb, const GPtrArray *models, GPtrArray *requests)
{
  for (guint i = 0; i < models->len; i++) {
    g_autofree char *name = g_uri_escape_string (models->pdata[i], NULL, FALSE);
    g_autofree char *path = g_strconcat ("/v2/repository/models/", name, "/", verb, NULL);

    add (requests, path, "{}");
  }
}

static void
add_unload (const OrfConfigActuator *settings,
            OrfCleanupLevel level,
            const OrfActuatorState *state,
            GPtrArray *requests)
{
  add_triton ("unload", state->models, requests);
}

static void
add_load (const OrfConfigActuator *settings,
          OrfCleanupLevel level,
          const OrfActuatorState *before,
          GPtrArray *requests)
{
  add_triton ("load", before->models, requests);
}

static gboolean
read_ps (const OrfConfigActuator *settings,
         const GString *body,
         OrfActuatorState *state,
         GError **error)
{
  if (!read_models (settings, "", body, "", state, error))
    return FALSE;
  /* nothing is loaded: that is known */
  add_bytes (&state->reserved_bytes, 0);
  add_bytes (&state->held_bytes, 0);
  return TRUE;
}

static const Look ollama_looks[] = {
  { "GET", "/api/ps", NULL, read_ps, FALSE },
};

static void
add_generate (const GPtrArray *models, const char *rest, GPtrArray *requests)
{
  for (guint i = 0; i < models->len; i++) {
    g_autoptr (GString) body = g_string_new ("{\"model\":");

    orf_encode_string (body, models->pdata[i], -1);
    g_string_append (body, rest);
    add (requests, "/api/generate", body->str);
  }
}

static void
add_keep_no_more (const OrfConfigActuator *settings,
                  OrfCleanupLevel level,
                  const OrfActuatorState *state,
                  GPtrArray *requests)
{
  add_generate (state->models, ",\"keep_alive\":0,\"stream\":false}", requests);
}

/* A request without a prompt loads the model. */
static void
add_preload (const OrfConfigActuator *settings,
             OrfCleanupLevel level,
             const OrfActuatorState *before,
             GPtrArray *requests)
{
  add_generate (before->models, ",\"stream\":false}", requests);
}

/* ---- ComfyUI ----------------------------------------------------------------------------------
 * /free sets two flags, which its worker reads between two prompts.
 */

static gboolean
read_system_stats (const OrfConfigActuator *settings,
                   const GString *body,
                   OrfActuatorState *state,
                   GError **error)
{
  g_autoptr (OrfActuatorComfy) answer = orf_decode_text (&orf_actuator_comfy_desc, body->str,
                                                         body->len, ORF_DECODE_LENIENT, error);

  if (answer == NULL)
    return FALSE;
  for (guint i = 0; i < answer->devices->len; i++) {
    const OrfActuatorComfyDevice *device = answer->devices->pdata[i];

    if (!device->has_torch_vram_total || !device->has_torch_vram_free)
      continue;
    add_bytes (&state->reserved_bytes, device->torch_vram_total);
    add_bytes (&state->allocated_bytes,
               MAX (device->torch_vram_total - device->torch_vram_free, 0));
  }
  return TRUE;
}

static const Look comfyui_looks[] = {
  { "GET", "/system_stats", NULL, read_system_stats, FALSE },
};

static void
add_free (const OrfConfigActuator *settings,
          OrfCleanupLevel level,
          const OrfActuatorState *state,
          GPtrArray *requests)
{
  add (requests, "/free", "{\"unload_models\":true,\"free_memory\":true}");
}

/* ---- any other --------------------------------------------------------------------------------
 */

static void
add_post (const OrfConfigActuator *settings,
          OrfCleanupLevel level,
          const OrfActuatorState *state,
          GPtrArray *requests)
{
  add (requests, NULL, settings->body[0] != '\0' ? settings->body : NULL);
}

static void
add_restore_post (const OrfConfigActuator *settings,
                  OrfCleanupLevel level,
                  const OrfActuatorState *before,
                  GPtrArray *requests)
{
  add (requests, settings->restore_path, NULL);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const OrfActuatorKind kinds[] = {
  [ORF_CONFIG_ACTUATOR_KIND_HTTP] = {
    .name = "http",
    .add_cleanup = add_post,
    .add_restore = add_restore_post,
  },
  [ORF_CONFIG_ACTUATOR_KIND_EXEC] = {
    .name = "exec", /* the command is the way back too */
  },
  [ORF_CONFIG_ACTUATOR_KIND_VLLM] = {
    .name = "vllm",
    .sleeps = TRUE,
    .looks = vllm_looks,
    .n_looks = G_N_ELEMENTS (vllm_looks),
    .add_cleanup = add_sleep,
    .is_done = is_asleep,
    .add_restore = add_wake_up,
  },
  [ORF_CONFIG_ACTUATOR_KIND_SGLANG] = {
    .name = "sglang",
    .sleeps = TRUE,
    .looks = sglang_looks,
    .n_looks = G_N_ELEMENTS (sglang_looks),
    .add_cleanup = add_release,
    .add_restore = add_resume,
  },
  [ORF_CONFIG_ACTUATOR_KIND_TRITON] = {
    .name = "triton",
    .sleeps = TRUE,
    .looks = triton_looks,
    .n_looks = G_N_ELEMENTS (triton_looks),
    .add_cleanup = add_unload,
    .is_done = has_no_models,
    .add_restore = add_load,
  },
  [ORF_CONFIG_ACTUATOR_KIND_OLLAMA] = {
    .name = "ollama",
    .looks = ollama_looks,
    .n_looks = G_N_ELEMENTS (ollama_looks),
    .add_cleanup = add_keep_no_more,
    .is_done = has_no_models,
    .add_restore = add_preload,
  },
  [ORF_CONFIG_ACTUATOR_KIND_COMFYUI] = {
    .name = "comfyui",
    .loads_itself = TRUE,
    .looks = comfyui_looks,
    .n_looks = G_N_ELEMENTS (comfyui_looks),
    .add_cleanup = add_free,
  },
};

const OrfActuatorKind *
orf_actuator_kind_get (const OrfConfigActuator *settings)
{
  return &kinds[settings->kind];
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
  const Look *look = &kind->looks[i];

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
