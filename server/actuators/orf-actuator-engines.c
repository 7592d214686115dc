/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers that hold memory in one pool of their own: vLLM, SGLang, ComfyUI. */
#include "actuators/orf-actuator-kind-private.h"

#include <math.h>
#include <string.h>

#include "orf-decode.h"

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
    double value;

    line += *line == '\n';
    if (strncmp (line, name, length) != 0 || (line[length] != '{' && line[length] != ' '))
      continue;
    end = line + strcspn (line, "\n");
    at = line[length] == '{' ? g_strrstr_len (line, end - line, "}") : line + length;
    value = at != NULL ? g_ascii_strtod (at + 1, NULL) : NAN;
    if (!isnan (value))
      sum = MAX (sum, 0) + (gint64) CLAMP (value, 0, 1e9);
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

static const OrfActuatorLook vllm_looks[] = {
  { "GET", "/is_sleeping", NULL, read_sleeping, FALSE },
  { "GET", "/metrics", NULL, read_vllm_metrics, TRUE },
};

static void
add_sleep (const OrfConfigActuator *settings,
           OrfCleanupLevel level,
           const OrfActuatorState *state,
           GPtrArray *requests)
{
  orf_actuator_add_post (requests, "/sleep?level=1&mode=wait", NULL);
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
  orf_actuator_add_post (requests, "/wake_up", NULL);
}

const OrfActuatorKind orf_actuator_kind_vllm = {
  .name = "vllm",
  .sleeps = TRUE,
  .looks = vllm_looks,
  .n_looks = G_N_ELEMENTS (vllm_looks),
  .add_cleanup = add_sleep,
  .is_done = is_asleep,
  .add_restore = add_wake_up,
};

/* ---- SGLang -----------------------------------------------------------------------------------
 * Its scheduler asserts that nothing runs; /flush_cache answers 400 where something does, and what
 * it drops would go anyway.  The request to release needs a body.
 */

static const OrfActuatorLook sglang_looks[] = {
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
  orf_actuator_add_post (requests, "/flush_cache", NULL);
  orf_actuator_add_post (requests, "/release_memory_occupation", get_tags (level));
}

static void
add_resume (const OrfConfigActuator *settings,
            OrfCleanupLevel level,
            const OrfActuatorState *before,
            GPtrArray *requests)
{
  orf_actuator_add_post (requests, "/resume_memory_occupation", get_tags (level));
}

const OrfActuatorKind orf_actuator_kind_sglang = {
  .name = "sglang",
  .sleeps = TRUE,
  .looks = sglang_looks,
  .n_looks = G_N_ELEMENTS (sglang_looks),
  .add_cleanup = add_release,
  .add_restore = add_resume,
};

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
    orf_actuator_add_known (&state->reserved_bytes, device->torch_vram_total);
    orf_actuator_add_known (&state->allocated_bytes,
                            MAX (device->torch_vram_total - device->torch_vram_free, 0));
  }
  return TRUE;
}

static const OrfActuatorLook comfyui_looks[] = {
  { "GET", "/system_stats", NULL, read_system_stats, FALSE },
};

static void
add_free (const OrfConfigActuator *settings,
          OrfCleanupLevel level,
          const OrfActuatorState *state,
          GPtrArray *requests)
{
  orf_actuator_add_post (requests, "/free", "{\"unload_models\":true,\"free_memory\":true}");
}

const OrfActuatorKind orf_actuator_kind_comfyui = {
  .name = "comfyui",
  .loads_itself = TRUE,
  .looks = comfyui_looks,
  .n_looks = G_N_ELEMENTS (comfyui_looks),
  .add_cleanup = add_free,
};
