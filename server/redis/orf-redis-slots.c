/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-slots.h"

#include <string.h>

#define POLYNOMIAL 0x1021

static guint16
add_to_crc (guint16 crc, const char *data, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    crc ^= (guint16) ((guint8) data[i] << 8);
    for (guint bit = 0; bit < 8; bit++)
      crc = (guint16) (crc & 0x8000 ? crc << 1 ^ POLYNOMIAL : crc << 1);
  }
  return crc;
}

guint
orf_redis_slot_of (const char *prefix, const char *key, gsize length)
{
  const char *open = memchr (key, '{', length);
  const char *close = open != NULL ? memchr (open + 1, '}', length - (gsize) (open + 1 - key))
                                   : NULL;

  if (close != NULL && close > open + 1)
    return add_to_crc (0, open + 1, (gsize) (close - open - 1)) % ORF_REDIS_N_SLOTS;
  return add_to_crc (add_to_crc (0, prefix, strlen (prefix)), key, length) % ORF_REDIS_N_SLOTS;
}

char *
orf_redis_slot_make_tag (guint slot)
{
  char tag[16];
  guint n = 0;

  do
    g_snprintf (tag, sizeof tag, "%u", n++);
  while (orf_redis_slot_of (tag, "", 0) != slot);
  return g_strdup (tag);
}

gboolean
orf_redis_redirect_read (const char *text, OrfRedisRedirect *redirect)
{
  gboolean ask = g_str_has_prefix (text, "ASK ");
  char *end;
  guint64 slot;

  if (!ask && !g_str_has_prefix (text, "MOVED "))
    return FALSE;
  text = strchr (text, ' ') + 1;
  slot = g_ascii_strtoull (text, &end, 10);
  if (end == text || *end != ' ' || slot >= ORF_REDIS_N_SLOTS || end[1] == '\0')
    return FALSE;
  *redirect = (OrfRedisRedirect){ ask, (guint) slot, end + 1 };
  return TRUE;
}

/* Its words: id, HOST:PORT@BUS[,NAME], flags, whose replica, ping, pong, epoch, link, ranges. */
enum { WORD_ADDRESS = 1, WORD_FLAGS = 2, WORD_RANGES = 8 };

/* "[" and "]" are not written round numbers of IPv6. */
static char *
read_address (const char *word)
{
  gsize length = strcspn (word, "@,");
  const char *colon = g_strrstr_len (word, (gssize) length, ":");
  int host = colon != NULL ? (int) (colon - word) : 0, port = (int) length - host;

  if (host == 0)
    return NULL;
  return memchr (word, ':', (gsize) host) != NULL && word[0] != '['
           ? g_strdup_printf ("[%.*s]%.*s", host, word, port, colon)
           : g_strdup_printf ("%.*s%.*s", host, word, port, colon);
}

gboolean
orf_redis_node_line_read (OrfRedisNodeLine *line, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_auto (GStrv) flags = NULL;
  const char *const *set;

  if (g_strv_length (words) < WORD_RANGES)
    return FALSE;
  flags = g_strsplit (words[WORD_FLAGS], ",", -1);
  set = (const char *const *) flags;
  *line = (OrfRedisNodeLine){
    .address = read_address (words[WORD_ADDRESS]),
    .myself = g_strv_contains (set, "myself"),
    .master = g_strv_contains (set, "master") && !g_strv_contains (set, "fail"),
    .ranges = g_strdupv (words + WORD_RANGES),
  };
  return TRUE;
}

void
orf_redis_node_line_clear (OrfRedisNodeLine *line)
{
  g_clear_pointer (&line->address, g_free);
  g_clear_pointer (&line->ranges, g_strfreev);
}

gboolean
orf_redis_range_read (const char *text, guint *first, guint *last)
{
  g_auto (GStrv) ends = g_strsplit (text, "-", 2);
  guint64 numbers[2];

  if (ends[0] == NULL)
    return FALSE; /* nothing splits into nothing */
  for (guint i = 0; i < 2; i++)
    if (!g_ascii_string_to_unsigned (ends[1] != NULL ? ends[i] : ends[0], 10, 0,
                                     ORF_REDIS_N_SLOTS - 1, &numbers[i], NULL))
      return FALSE;
  *first = (guint) numbers[0];
  *last = (guint) numbers[1];
  return *first <= *last;
}
