/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-drm-fdinfo.h"

#include <string.h>

/* The best word for memory wins: what is resident, then what older kernels call memory, then the
 * size of all that was allocated, which may be elsewhere. */
enum { RANK_NONE, RANK_TOTAL, RANK_MEMORY, RANK_RESIDENT };

typedef struct {
  OrfDrmClient client;
  int vram_rank, gtt_rank;
  gboolean is_amdgpu;
} Parse;

static const struct {
  const char *key;
  gboolean gtt;
  int rank;
} memory_keys[] = {
  { "drm-resident-vram", FALSE, RANK_RESIDENT },
  { "drm-memory-vram", FALSE, RANK_MEMORY },
  { "drm-total-vram", FALSE, RANK_TOTAL },
  { "drm-resident-gtt", TRUE, RANK_RESIDENT },
  { "drm-memory-gtt", TRUE, RANK_MEMORY },
  { "drm-total-gtt", TRUE, RANK_TOTAL },
  { "vram mem", FALSE, RANK_MEMORY }, /* these two before 5.19 */
  { "gtt mem", TRUE, RANK_MEMORY },
};

/* "232104 KiB"; without a unit they are bytes.  -1: it is no such number. */
static gint64
parse_bytes (const char *value)
{
  char *end = NULL;
  guint64 number = g_ascii_strtoull (value, &end, 10);
  guint shift;

  if (!g_ascii_isdigit (*value))
    return -1;
  if (*end == '\0')
    shift = 0;
  else if (g_str_equal (end, " KiB") || g_str_equal (end, " kB"))
    shift = 10;
  else if (g_str_equal (end, " MiB"))
    shift = 20;
  else
    return -1;

  return number <= (guint64) G_MAXINT64 >> shift ? (gint64) (number << shift) : -1;
}

static void
take_memory (Parse *parse, const char *key, const char *value)
{
  for (guint i = 0; i < G_N_ELEMENTS (memory_keys); i++) {
    gint64 *bytes = memory_keys[i].gtt ? &parse->client.gtt_bytes : &parse->client.vram_bytes;
    int *rank = memory_keys[i].gtt ? &parse->gtt_rank : &parse->vram_rank;
    gint64 parsed;

    if (!g_str_equal (memory_keys[i].key, key) || memory_keys[i].rank <= *rank)
      continue;
    parsed = parse_bytes (value);
    if (parsed >= 0) {
      *bytes = parsed;
      *rank = memory_keys[i].rank;
    }
  }
}

static void
take_line (Parse *parse, const char *key, const char *value)
{
  OrfDrmClient *client = &parse->client;

  if (g_str_equal (key, "drm-driver")) {
    parse->is_amdgpu = g_str_equal (value, "amdgpu");
  } else if (g_str_equal (key, "drm-pdev") || g_str_equal (key, "pdev")) {
    /* No other driver had the older key. */
    parse->is_amdgpu |= g_str_equal (key, "pdev");
    g_strlcpy (client->pdev, value, sizeof client->pdev);
  } else if (g_str_equal (key, "drm-client-id")) {
    client->has_id = g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, &client->id, NULL);
  } else {
    take_memory (parse, key, value);
  }
}

gboolean
orf_drm_fdinfo_parse (const char *text, OrfDrmClient *client)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Parse parse = { .client = { .vram_bytes = -1, .gtt_bytes = -1 } };

  for (guint i = 0; lines[i]; i++) {
    char *colon = strchr (lines[i], ':');

    if (colon) {
      *colon = '\0';
      take_line (&parse, g_strchomp (lines[i]), g_strstrip (colon + 1));
    }
  }

  if (!parse.is_amdgpu || parse.client.pdev[0] == '\0')
    return FALSE;
  *client = parse.client;
  return TRUE;
}
