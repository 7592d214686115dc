/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-trace-context.h"

#include <string.h>

/* Members that go first where there is not room for all. */
#define LARGE_MEMBER_CHARS 128
#define MAX_KEY_CHARS      256
#define MAX_VALUE_CHARS    256

/* ---- traceparent ----------------------------------------------------------------------------- */

static int
get_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_bytes (const char *text, uint8_t *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    int high = get_digit (text[2 * i]), low = high < 0 ? -1 : get_digit (text[2 * i + 1]);

    if (low < 0)
      return false;
    bytes[i] = (uint8_t) (high << 4 | low);
  }
  return true;
}

bool
orf_trace_context_parse_id (const char *text, uint8_t *id, size_t length)
{
  static const uint8_t none[16];

  return length <= sizeof none && parse_bytes (text, id, length) && memcmp (id, none, length) != 0;
}

bool
orf_trace_context_parse (const char *text, OrfTraceContext *context)
{
  OrfTraceContext read;
  uint8_t version;
  size_t length = text != NULL ? strlen (text) : 0;

  if (length < ORF_TRACE_CONTEXT_CHARS || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
      !parse_bytes (text, &version, 1) || version == 0xff)
    return false;
  if (length > ORF_TRACE_CONTEXT_CHARS && (version == 0 || text[ORF_TRACE_CONTEXT_CHARS] != '-'))
    return false;
  if (!orf_trace_context_parse_id (text + 3, read.trace_id, sizeof read.trace_id) ||
      !orf_trace_context_parse_id (text + 36, read.span_id, sizeof read.span_id) ||
      !parse_bytes (text + 53, &read.flags, 1))
    return false;
  read.flags &= version == 0 ? ORF_TRACE_FLAG_SAMPLED | ORF_TRACE_FLAG_RANDOM
                             : ORF_TRACE_FLAG_SAMPLED;
  *context = read;
  return true;
}

void
orf_trace_context_format_id (const uint8_t *id, size_t length, char *text)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < length; i++) {
    text[2 * i] = digits[id[i] >> 4];
    text[2 * i + 1] = digits[id[i] & 15];
  }
}

void
orf_trace_context_format (const OrfTraceContext *context, char text[ORF_TRACE_CONTEXT_CHARS + 1])
{
  memcpy (text, "00-", 3);
  orf_trace_context_format_id (context->trace_id, sizeof context->trace_id, text + 3);
  text[35] = '-';
  orf_trace_context_format_id (context->span_id, sizeof context->span_id, text + 36);
  text[52] = '-';
  orf_trace_context_format_id (&context->flags, 1, text + 53);
  text[ORF_TRACE_CONTEXT_CHARS] = '\0';
}

/* ---- tracestate ------------------------------------------------------------------------------ */

typedef struct {
  const char *text;
  size_t length;
  size_t key_length;
} Member;

typedef struct {
  Member members[ORF_TRACE_STATE_MEMBERS];
  size_t n_members;
} Members;

/* Level 2's keys, of which level 1's are some. */
static bool
is_key (const char *text, size_t length)
{
  static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  static const char others[] = "_-*/@";

  if (length == 0 || length > MAX_KEY_CHARS || memchr (first, text[0], sizeof first - 1) == NULL)
    return false;
  for (size_t i = 1; i < length; i++)
    if (memchr (first, text[i], sizeof first - 1) == NULL &&
        memchr (others, text[i], sizeof others - 1) == NULL)
      return false;
  return true;
}

static bool
is_value (const char *text, size_t length)
{
  if (length == 0 || length > MAX_VALUE_CHARS)
    return false;
  for (size_t i = 0; i < length; i++)
    if (text[i] < ' ' || text[i] > '~' || text[i] == '=')
      return false;
  return true;
}

static bool
is_space (char c)
{
  return c == ' ' || c == '\t';
}

static Member
trim (const char *text, size_t length)
{
  while (length > 0 && is_space (text[0])) {
    text++;
    length--;
  }
  while (length > 0 && is_space (text[length - 1]))
    length--;
  return (Member){ .text = text, .length = length };
}

/* False: it is malformed, one too many, or its key is there already. */
static bool
add_member (Members *members, Member member)
{
  const char *equals = memchr (member.text, '=', member.length);

  if (equals == NULL || members->n_members == ORF_TRACE_STATE_MEMBERS)
    return false;
  member.key_length = (size_t) (equals - member.text);
  if (!is_key (member.text, member.key_length) ||
      !is_value (equals + 1, member.length - member.key_length - 1))
    return false;
  for (size_t i = 0; i < members->n_members; i++)
    if (members->members[i].key_length == member.key_length &&
        memcmp (members->members[i].text, member.text, member.key_length) == 0)
      return false;
  members->members[members->n_members++] = member;
  return true;
}

static bool
read_members (const char *text, Members *members)
{
  for (;;) {
    size_t length = strcspn (text, ",");
    Member member = trim (text, length);

    /* an empty one is none */
    if (member.length > 0 && !add_member (members, member))
      return false;
    if (text[length] == '\0')
      return true;
    text += length + 1;
  }
}

static size_t
measure (const Members *members)
{
  size_t length = members->n_members > 0 ? members->n_members - 1 : 0;

  for (size_t i = 0; i < members->n_members; i++)
    length += members->members[i].length;
  return length;
}

/* The last of the large ones, else the last. */
static size_t
find_least (const Members *members)
{
  for (size_t i = members->n_members; i > 0; i--)
    if (members->members[i - 1].length > LARGE_MEMBER_CHARS)
      return i - 1;
  return members->n_members - 1;
}

static void
shrink (Members *members)
{
  while (measure (members) > ORF_TRACE_STATE_CHARS) {
    size_t least = find_least (members);

    members->n_members--;
    memmove (&members->members[least], &members->members[least + 1],
             (members->n_members - least) * sizeof (Member));
  }
}

size_t
orf_trace_state_clean (const char *text, char clean[ORF_TRACE_STATE_CHARS + 1])
{
  Members members = { .n_members = 0 };
  size_t length = 0;

  clean[0] = '\0';
  if (text == NULL || !read_members (text, &members))
    return 0;
  shrink (&members);
  for (size_t i = 0; i < members.n_members; i++) {
    if (i > 0)
      clean[length++] = ',';
    memcpy (clean + length, members.members[i].text, members.members[i].length);
    length += members.members[i].length;
  }
  clean[length] = '\0';
  return length;
}
