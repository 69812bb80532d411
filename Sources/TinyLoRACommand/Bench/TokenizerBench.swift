import Foundation
import TinyLoRA
import TinyFoundation

/// How fast a tokenizer opens and encodes, on one thread.
struct TokenizerBench {
    let tokenizer: String
    /// JSON lines, each with one or several strings: a text is all of them, in the order of their keys.
    let text: String
    let repeats: Int
    let console: Console

    func run() throws {
        let texts = try texts()
        let byteCount = texts.reduce(0) { $0 + $1.utf8.count }
        var opening: [Double] = [], encoding: [Double] = []
        var tokens = 0
        for sample in 0..<repeats {
            console.progress("measuring  \(tokenizer) · \(sample + 1) of \(repeats)")
            let opened = ContinuousClock.now
            let tokenizer = try Tokenizer(contentsOf: tokenizer)
            let began = ContinuousClock.now
            tokens = texts.reduce(0) { $0 + tokenizer.encode($1, addingSpecialTokens: false).count }
            opening.append((began - opened) / .seconds(1))
            encoding.append((ContinuousClock.now - began) / .seconds(1))
        }
        let result = Result(
            tokenizer: tokenizer, texts: texts.count, bytes: byteCount, tokens: tokens, repeats: repeats,
            openingSeconds: median(opening), encodingSeconds: median(encoding))
        console.say("tokenizer  \(tokenizer)")
        console.say(
            "text       \(grouped(texts.count)) texts · \(grouped(byteCount)) bytes · \(grouped(tokens)) tokens")
        console.say(String(format: "open       %.1f ms", 1000 * result.openingSeconds))
        console.say(
            String(format: "encode     %.1f MB/s · ", result.megabytesPerSecond)
                + "\(grouped(Int(Double(tokens) / result.encodingSeconds))) tokens/s")
        try console.result(result)
    }

    private func texts() throws -> [String] {
        let lines = try contents(ofFile: text).split(separator: UInt8(ascii: "\n"))
        let texts = try lines.enumerated().map { index, line in
            let row = try JSONDocument(Array(line), name: "\(text):\(index + 1)", isLine: true).root
            let members = try row.members().map { (name: try $0.name.string(), value: $0.value) }
            return try members.filter(\.value.isString).sorted { $0.name < $1.name }.map { try $0.value.string() }
                .joined(separator: "\n")
        }
        guard !texts.isEmpty else { throw UsageError("\(text) holds no lines") }
        return texts
    }

    private struct Result: Encodable {
        let tokenizer: String
        let texts: Int
        let bytes: Int
        let tokens: Int
        let repeats: Int
        let openingSeconds: Double
        let encodingSeconds: Double
        var megabytesPerSecond: Double { Double(bytes) / encodingSeconds / 1e6 }

        private enum CodingKeys: String, CodingKey {
            case tokenizer, texts, bytes, tokens, repeats
            case openingSeconds = "opening_seconds"
            case encodingSeconds = "encoding_seconds"
        }
    }
}
