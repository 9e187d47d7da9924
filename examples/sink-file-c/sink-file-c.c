/* A hook sink: appends each event to a file, as one line of JSON. */
#include <clusterkit/sink.h>
#include <stdio.h>

static ck_status fail(ck_error* error, ck_status code, const char* text) {
  error->code = code;
  snprintf(error->msg, sizeof error->msg, "%s", text);
  return code;
}

static ck_status create(const ck_host* host, const ck_config* config, void** self, ck_error* error) {
  (void)host;
  *self = fopen(config->str(config->cx, "path"), "a");
  return *self ? CK_OK : fail(error, CK_INVALID, "path: cannot be opened for writing");
}

static ck_status deliver(void* self, const ck_event* event, ck_error* error) {
  const size_t size = (size_t)event->json.size;
  if (fwrite(event->json.data, 1, size, self) == size && fputc('\n', self) != EOF && fflush(self) == 0)
    return CK_OK;
  clearerr(self); /* the next attempt writes again */
  return fail(error, CK_RETRY, "path: cannot be written to");
}

static void destroy(void* self) { fclose(self); }

static const ck_option options[] = {
    {"path", CK_TYPE_PATH, CK_OPTION_REQUIRED, NULL, 0, 0, NULL, "File to append events to"}, {0}};

CK_C_SINK("sink-file-c", "1.0", "Appends each event to a file", options, create, deliver, destroy);
