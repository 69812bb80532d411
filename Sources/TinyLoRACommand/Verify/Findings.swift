import Foundation
import TinyLoRA
import TinyFoundation

/// What some division of the work gave: lists of bit patterns, by kind and by the part of the work that they belong to.
struct Findings: Codable {
    enum Kind: String, CaseIterable {
        case tokens
        case logprobs
        case gradients
        /// The hash of a LoRA's gradient, which has many numbers.
        case lora
    }

    /// By kind and part. A part is named as people read it, such as `prompt 3, sample 2`.
    private var bits: [String: [String: [UInt32]]] = [:]
    /// Where divisions differ that were compared elsewhere, in words.
    var difference: String?

    init() {}

    init(from decoder: any Decoder) throws {
        bits = try decoder.singleValueContainer().decode([String: [String: [UInt32]]].self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bits)
    }

    private func parts(_ kind: Kind) -> [String: [UInt32]] { bits[kind.rawValue] ?? [:] }

    mutating func add(_ kind: Kind, _ numbers: [UInt32], of part: String) {
        bits[kind.rawValue, default: [:]][part] = numbers
    }

    mutating func add(_ kind: Kind, _ numbers: [Float], of part: String) {
        add(kind, numbers.map(\.bitPattern), of: part)
    }

    /// Tokens and log-probabilities of a sampled completion.
    mutating func add(_ completion: Completion, of part: String) {
        add(.tokens, completion.tokens.map { UInt32(truncatingIfNeeded: $0) }, of: part)
        add(.logprobs, completion.logprobs, of: part)
    }

    /// Takes over the kinds that are missing here: the first division that gives a kind is what others are compared with.
    mutating func adopt(_ other: Findings) { bits.merge(other.bits) { first, _ in first } }

    /// Whether both have numbers of a kind.
    func sharesKind(with other: Findings) -> Bool { bits.keys.contains { other.bits[$0] != nil } }

    /// The tokens of a part.
    func tokens(of part: String) -> [Int] { (parts(.tokens)[part] ?? []).map(Int.init) }

    /// The first 8 digits of the SHA-256 of all numbers of a kind, in the order of their parts; `nil` without any.
    func hash(_ kind: Kind) -> String? {
        guard !parts(kind).isEmpty else { return nil }
        var hash = SHA256()
        for (part, numbers) in parts(kind).sorted(by: { $0.key < $1.key }) {
            hash.update("\(part): \(numbers.count)\n".utf8)
            for number in numbers { withUnsafeBytes(of: number.littleEndian) { hash.update($0) } }
        }
        return String(hash.finish().hexadecimal.prefix(8))
    }

    /// Where these numbers first differ from those of a division that covers as many parts or more, in words; `nil` where all
    /// bits agree. Kinds that `first` has nothing of are not compared.
    func firstDifference(from first: Findings) -> String? {
        for kind in Kind.allCases where !first.parts(kind).isEmpty {
            for (part, numbers) in parts(kind).sorted(by: { $0.key < $1.key }) {
                let place = "\(kind.rawValue) of \(part)"
                guard let expected = first.parts(kind)[part] else { return "\(place), which the first has not" }
                guard numbers.count == expected.count else {
                    return "\(place): \(numbers.count) numbers, first \(expected.count)"
                }
                guard let index = numbers.indices.first(where: { numbers[$0] != expected[$0] }) else { continue }
                func text(_ bits: UInt32) -> String {
                    kind == .tokens ? "\(bits)" : String(format: "%@ (%08x)", "\(Float(bitPattern: bits))", bits)
                }
                return "\(place), number \(index + 1): \(text(numbers[index])), first \(text(expected[index]))"
            }
        }
        return difference
    }
}
