import TinyFoundation

/// The two people of a story.
struct AbacusCast {
    private let name: String
    private let friend: String
    private let pronoun: String

    init(using random: inout RandomStream) {
        let person = random.below(Self.names.count)
        let other = (person + 1 + random.below(Self.names.count - 1)) % Self.names.count
        name = Self.names[person]
        friend = Self.names[other]
        pronoun = person % 2 == 0 ? "she" : "he"
    }

    /// Replaces the gaps of a sentence.
    func fill(_ text: String, numbers: [Int]) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            result += value(of: rest[rest.index(after: open)..<close], numbers)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private func value(of gap: Substring, _ numbers: [Int]) -> String {
        switch gap {
        case "name": name
        case "friend": friend
        case "he": pronoun
        case "He": pronoun == "he" ? "He" : "She"
        case "n": String(numbers[0])
        default: String(numbers[1])
        }
    }

    /// Women at even places, men at odd ones.
    private static let names = [
        "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry", "Ida", "Jack", "Lena", "Max", "Nora",
        "Oscar",
        "Rosa", "Tom",
    ]
}
