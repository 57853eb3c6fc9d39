/*
 * An authority and certificates for tests, made on the spot.
 *
 * In `folder`: ca.pem; good.pem (localhost, 127.0.0.1), other-name.pem (other.example),
 * common-name.pem (localhost in the subject alone), expired.pem (localhost) signed by it;
 * stranger.pem (localhost) signed by an authority nobody knows. Each .pem has certificate and key.
 */
#ifndef CARDEA_TESTS_CERTIFICATES_H
#define CARDEA_TESTS_CERTIFICATES_H

/* Ends the program when they cannot be made. */
void make_certificates(const char *folder);

#endif
