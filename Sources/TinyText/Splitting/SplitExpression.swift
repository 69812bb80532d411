import TinyFoundation

/// The regular expressions that this library knows, as scanners that find the same words.
///
/// Expressions are recognised by their exact text: an engine of our own could not promise the same words as the one that
/// a tokenizer was trained with.
private let knownExpressions: [String: any WordScanner] = [
    GPT2Words.expression: GPT2Words(),
    Llama3Words(largestNumber: 1).expression: Llama3Words(largestNumber: 1),
    Llama3Words(largestNumber: 3).expression: Llama3Words(largestNumber: 3),
]

/// Reads a `Split` pre-tokenizer.
///
/// - Throws: ``TextError`` with code `unsupported`, quoting an expression that is not known, or the setting.
func splitByExpression(from value: JSONNode) throws -> any WordScanner {
    guard let pattern = try value.member("pattern").optional("Regex") else {
        throw TextError(.unsupported, "\(value.place) is a Split by a plain string; only known expressions are read")
    }
    let behavior = try value.member("behavior").string()
    guard behavior == "Isolated" else {
        throw TextError(.unsupported, "\(value.place) is a Split with behavior \"\(behavior)\", expected \"Isolated\"")
    }
    guard try !value.flag("invert", absent: false) else {
        throw TextError(.unsupported, "\(value.place) is a Split with invert true, expected false")
    }
    let expression = try pattern.string()
    guard let scanner = knownExpressions[expression] else {
        throw TextError(
            .unsupported, "\(value.place) splits by an unknown expression: \(expression)",
            hint: "the expressions of GPT-2, Qwen2 and Llama 3 are known, and must match character by character")
    }
    return scanner
}
