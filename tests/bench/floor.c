/* The least that hearing can cost: a packet's keys off, Opus to 16 kHz mono, and each 100 ms as the
 * masked websocket frame that the service takes. No jitter buffer, no loss, no consent, no threads.
 *
 * floor file <packets> <speakers> : all of them as fast as it goes
 * floor fd <number> <speakers>    : as they come from a UDP socket, until one of a single byte
 *
 * Prints the CPU seconds and the number of packets. */
#include <openssl/evp.h>
#include <opus/opus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    FIRST_SSRC = 5000,
    CLEAR = 16,     /* RTP header and the head of its extension */
    WORDS = 8,      /* the extension's words, sealed */
    COUNTER = 4,    /* of the transport's nonce, behind the packet */
    TAG = 16,       /* of the transport */
    DAVE_TAG = 8,
    FRAME = 320,    /* samples of 20 ms */
    CHUNK = 1600,   /* samples of 100 ms */
    LONGEST = 1920, /* samples of the longest Opus packet */
};

struct speaker {
    EVP_CIPHER_CTX *dave;
    OpusDecoder *decoder;
    int16_t pcm[CHUNK + LONGEST];
    int held;
};

static EVP_CIPHER_CTX *transport;
static struct speaker *speakers;
static unsigned count;
static unsigned long frames, written;

static void die(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static EVP_CIPHER_CTX *cipher(const EVP_CIPHER *kind, int key_bytes) {
    uint8_t key[32];
    for (int i = 0; i < key_bytes; i++) key[i] = (uint8_t)i;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context || EVP_DecryptInit_ex(context, kind, NULL, key, NULL) != 1) die("no cipher");
    return context;
}

static int open_sealed(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *clear,
                       int clear_size, const uint8_t *sealed, int size, const uint8_t *tag,
                       int tag_size, uint8_t *plain) {
    int some, rest;
    EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce);
    if (clear_size) EVP_DecryptUpdate(context, NULL, &some, clear, clear_size);
    EVP_DecryptUpdate(context, plain, &some, sealed, size);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, tag_size, (void *)tag);
    return EVP_DecryptFinal_ex(context, plain + some, &rest) == 1;
}

static int open_dave(struct speaker *speaker, const uint8_t *frame, int size, uint8_t *plain) {
    if (size < 3 || frame[size - 1] != 0xfa || frame[size - 2] != 0xfa) die("no DAVE frame");
    int supplement = frame[size - 3];
    if (supplement < DAVE_TAG + 4 || supplement > size) die("a broken DAVE frame");
    const uint8_t *tag = frame + size - supplement, *at = tag + DAVE_TAG;
    uint32_t number = 0;
    for (int shift = 0;; shift += 7, at++) {
        number |= (uint32_t)(*at & 127) << shift;
        if (!(*at & 128)) break;
    }
    uint8_t nonce[12] = {0};
    memcpy(nonce + 8, &number, 4);
    int sealed = size - supplement;
    if (!open_sealed(speaker->dave, nonce, NULL, 0, frame, sealed, tag, DAVE_TAG, plain))
        die("a frame did not open");
    return sealed;
}

static void send_chunk(struct speaker *speaker) {
    static uint8_t frame[8192];
    enum { HEAD = 8 };
    uint8_t *text = frame + HEAD;
    int size = sprintf((char *)text,
                       "{\"event_id\":\"event_%lu\",\"type\":\"input_audio_buffer.append\","
                       "\"audio\":\"",
                       ++frames);
    size += EVP_EncodeBlock(text + size, (uint8_t *)speaker->pcm, 2 * CHUNK);
    text[size++] = '"';
    text[size++] = '}';
    uint32_t mask = (uint32_t)frames * 2654435761u;
    frame[0] = 0x81;
    frame[1] = 0xfe;
    frame[2] = (uint8_t)(size >> 8);
    frame[3] = (uint8_t)size;
    memcpy(frame + 4, &mask, 4);
    for (int i = 0; i < size; i += 4) {
        uint32_t word;
        memcpy(&word, text + i, 4);
        word ^= mask;
        memcpy(text + i, &word, 4);
    }
    written += (unsigned long)(size + HEAD) + frame[HEAD]; /* so that nothing is optimised away */
    speaker->held -= CHUNK;
    memmove(speaker->pcm, speaker->pcm + CHUNK, 2 * (size_t)speaker->held);
}

static void take(const uint8_t *packet, int size) {
    uint8_t opened[2048], opus[2048], nonce[12] = {0};
    if (size < CLEAR + WORDS + TAG + COUNTER) die("a short packet");
    uint32_t index = ((uint32_t)packet[8] << 24 | (uint32_t)packet[9] << 16 |
                      (uint32_t)packet[10] << 8 | packet[11]) - FIRST_SSRC;
    if (index >= count) die("an unknown speaker");
    struct speaker *speaker = &speakers[index];
    memcpy(nonce, packet + size - COUNTER, COUNTER);
    int sealed = size - CLEAR - TAG - COUNTER;
    if (!open_sealed(transport, nonce, packet, CLEAR, packet + CLEAR, sealed,
                     packet + CLEAR + sealed, TAG, opened))
        die("a packet did not open");
    int bytes = open_dave(speaker, opened + WORDS, sealed - WORDS, opus);
    int16_t *into = speaker->pcm + speaker->held;
    if (opus_decode(speaker->decoder, opus, bytes, into, LONGEST, 0) != FRAME)
        die("a packet was not 20 ms");
    speaker->held += FRAME;
    if (speaker->held >= CHUNK) send_chunk(speaker);
}

static unsigned long all_of(const char *path, double *cpu) {
    FILE *file = fopen(path, "rb");
    if (!file) die("no file of packets");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)size);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) die("a short file");
    fclose(file);
    unsigned long packets = 0;
    double before = cpu_seconds();
    for (long at = 0; at + 2 <= size; packets++) {
        int length = data[at] | data[at + 1] << 8;
        take(data + at + 2, length);
        at += 2 + length;
    }
    *cpu = cpu_seconds() - before;
    return packets;
}

static unsigned long as_they_come(int descriptor, double *cpu) {
    uint8_t packet[2048];
    unsigned long packets = 0;
    double before = cpu_seconds();
    for (;;) {
        ssize_t size = recv(descriptor, packet, sizeof packet, 0);
        if (size < 0) die("the socket failed");
        if (size == 1) break;
        take(packet, (int)size);
        packets++;
    }
    *cpu = cpu_seconds() - before;
    return packets;
}

int main(int arguments, char **argument) {
    if (arguments != 4) die("usage: floor file|fd <packets> <speakers>");
    count = (unsigned)atoi(argument[3]);
    transport = cipher(EVP_aes_256_gcm(), 32);
    speakers = calloc(count, sizeof *speakers);
    for (unsigned i = 0; i < count; i++) {
        int error;
        speakers[i].dave = cipher(EVP_aes_128_gcm(), 16);
        speakers[i].decoder = opus_decoder_create(16000, 1, &error);
        if (error) die("no decoder");
    }
    double cpu = 0;
    unsigned long packets = strcmp(argument[1], "fd") == 0 ? as_they_come(atoi(argument[2]), &cpu)
                                                          : all_of(argument[2], &cpu);
    printf("%.6f %lu %lu\n", cpu, packets, written);
    return 0;
}
