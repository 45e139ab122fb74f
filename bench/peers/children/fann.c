/*
 * FANN: one pattern at a time (incremental), or the gradient of B rows (batch); mean squared error, momentum 0.
 * Hidden layers are clipped linear units, the nearest that it has to ReLU and its fastest; outputs are sigmoid.
 *
 * Arguments: inputs file, classes file, batch, rate, seconds, seed, n_0, n_1, ..., n_L.
 */
#include <floatfann.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { PATTERNS = 8192, CHECKED = 256 };
static const double TOO_SLOW = 10;

static struct fann *net;
static float *inputs, *targets;
static struct fann_train_data *group;
static unsigned int order[PATTERNS], n_in, n_out, batch, next = PATTERNS;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *read_whole(const char *path, size_t bytes) {
  FILE *file = fopen(path, "rb");
  void *data = malloc(bytes);
  if (!file || !data || fread(data, 1, bytes, file) != bytes) {
    fprintf(stderr, "cannot read %zu bytes of %s\n", bytes, path);
    exit(1);
  }
  fclose(file);
  return data;
}

static void shuffle(void) {
  for (unsigned int i = PATTERNS - 1; i > 0; i--) {
    unsigned int j = (unsigned int)(drand48() * (i + 1)), row = order[i];
    order[i] = order[j];
    order[j] = row;
  }
}

/* Trains on the next mini-batch, of which only the rows' addresses are gathered. */
static void update(void) {
  if (next == PATTERNS) {
    shuffle();
    next = 0;
  }
  if (batch == 1) {
    size_t row = order[next++];
    fann_train(net, inputs + row * n_in, targets + row * n_out);
    return;
  }
  for (unsigned int i = 0; i < batch; i++) {
    size_t row = order[next++];
    group->input[i] = inputs + row * n_in;
    group->output[i] = targets + row * n_out;
  }
  fann_train_epoch(net, group);
}

/* Squared error per row. */
static double loss(void) {
  double sum = 0;
  for (size_t row = 0; row < CHECKED; row++) {
    fann_type *answer = fann_run(net, inputs + row * n_in);
    for (size_t k = 0; k < n_out; k++) {
      double error = targets[row * n_out + k] - answer[k];
      sum += error * error;
    }
  }
  return sum / CHECKED;
}

static long repeat(double seconds, double *elapsed) {
  double start = now(), end = start + seconds;
  long updates = 0;
  do {
    update();
    updates++;
    *elapsed = now() - start;
  } while (start + *elapsed < end);
  return updates;
}

int main(int argc, char **argv) {
  unsigned int widths[8], layers = 0;
  if (argc < 9 || argc > 15) return 2;
  batch = (unsigned int)atoi(argv[3]);
  double rate = atof(argv[4]), seconds = atof(argv[5]);
  for (int i = 7; i < argc; i++) widths[layers++] = (unsigned int)atoi(argv[i]);
  n_in = widths[0];
  n_out = widths[layers - 1];

  inputs = read_whole(argv[1], sizeof(float) * PATTERNS * n_in);
  unsigned char *classes = read_whole(argv[2], PATTERNS);
  targets = calloc((size_t)PATTERNS * n_out, sizeof(float));
  for (unsigned int row = 0; row < PATTERNS; row++) {
    targets[row * n_out + classes[row]] = 1;
    order[row] = row;
  }

  net = fann_create_standard_array(layers, widths);
  fann_set_activation_function_hidden(net, FANN_LINEAR_PIECE);
  fann_set_activation_function_output(net, FANN_SIGMOID);
  /* FANN seeds rand() by the clock when it makes a network. */
  srand((unsigned int)atol(argv[6]));
  srand48(atol(argv[6]));
  unsigned int widest = 0;
  for (unsigned int l = 0; l + 1 < layers; l++) widest = widths[l] > widest ? widths[l] : widest;
  float bound = sqrtf(6.0f / (float)widest);
  fann_randomize_weights(net, -bound, bound);
  fann_set_training_algorithm(net, batch == 1 ? FANN_TRAIN_INCREMENTAL : FANN_TRAIN_BATCH);
  fann_set_learning_rate(net, (float)rate);
  fann_set_learning_momentum(net, 0);
  group = fann_create_train(batch, n_in, n_out);

  double before = loss(), elapsed;
  int warm = 0;
  long updates = repeat(0, &elapsed);
  if (elapsed <= TOO_SLOW) {
    double left = fmax(0.2, 0.5 * seconds) - elapsed;
    if (left > 0) repeat(left, &elapsed);
    updates = repeat(seconds, &elapsed);
    warm = 1;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"patternsPerSecond\":%.17g,\"peakRss\":%.0f,\"version\":\"2.2.0\",\"detail\":"
         "{\"lossBefore\":%.9g,\"lossAfter\":%.9g,\"updates\":%ld,\"elapsed\":%.9g,\"warm\":%s}}\n",
         updates * (double)batch / elapsed, usage.ru_maxrss * 1024.0, before, loss(), updates, elapsed,
         warm ? "true" : "false");
  return 0;
}
