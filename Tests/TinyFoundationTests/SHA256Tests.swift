import Testing
import TinyFoundation

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "gives the digests of the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func standardExamples(message: String, digest: String) {
        #expect(SHA256.hash(message.utf8).hexadecimal == digest)
    }

    @Test("hashes a million times the letter a as the standard does")
    func millionLetters() {
        let digest = SHA256.hash(repeatElement(UInt8(ascii: "a"), count: 1_000_000))
        #expect(digest.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("pads every length correctly")
    func everyLength() {
        // The digest of the digests of 200 messages, one of each length, as Python's hashlib gives it.
        var digests = SHA256()
        for count in 0..<200 { digests.update(SHA256.hash((0..<count).map(patternByte)).bytes) }
        #expect(digests.finish().hexadecimal == "615d67a99b8c846e1f0582dfe127019e93c33a66e89ced6a4f81f932c82ece87")
    }

    @Test("gives the same digest with and without the processor's instructions")
    func instructions() {
        for count in [0, 1, 55, 56, 64, 65, 1000, 4096] {
            let message = (0..<count).map(patternByte)
            var with = SHA256(), without = SHA256(usingInstructions: false)
            with.update(message)
            without.update(message)
            #expect(with.finish() == without.finish(), "\(count) bytes")
        }
    }

    @Test("does not depend on how a message is cut", arguments: [1, 3, 63, 64, 65, 127, 200])
    func cuts(size: Int) {
        let message = (0..<1000).map(patternByte)
        var hash = SHA256()
        for start in stride(from: 0, to: message.count, by: size) {
            hash.update(message[start..<min(start + size, message.count)])
        }
        #expect(hash.finish() == SHA256.hash(message))
    }
}

private func patternByte(_ index: Int) -> UInt8 { UInt8((index * 7 + 3) % 256) }
