/// How a reference solution is written. All styles are right and end in the marked answer.
public enum AbacusReferenceStyle: String, Sendable, Codable, CaseIterable {
    /// What the careful author of the corpus writes: `12+5=17. 17*3=51. #### 51`.
    case equations
    /// Sentences that no author of the corpus writes: `We add 12 and 5, which makes 17. … #### 51`.
    case sentences
    /// The steps as the careful author calculates them, told as nobody in the corpus tells them:
    /// `First 12+5=17, then 17*3=51. #### 51`.
    case narrated
    /// Results before what leads to them, which no author of the corpus writes: `17 is 12+5, 51 is 17*3 #### 51`.
    case inverted
}

extension AbacusProblem {
    /// A worked solution in this style, without a leading space.
    public func referenceSolution(style: AbacusReferenceStyle) -> String {
        let body =
            switch style {
            case .equations: steps.map { $0.equation + "." }.joined(separator: " ")
            case .sentences: steps.map(\.sentence).joined(separator: " ")
            case .narrated: "First " + steps.map(\.equation).joined(separator: ", then ") + "."
            case .inverted: steps.map { "\($0.result) is \($0.expression)" }.joined(separator: ", ")
            }
        return body + " #### \(answer)"
    }
}

extension AbacusStep {
    fileprivate var sentence: String {
        switch operation {
        case .add: "We add \(left) and \(right), which makes \(result)."
        case .subtract: "We take \(right) from \(left), which leaves \(result)."
        case .multiply: "We multiply \(left) by \(right), which makes \(result)."
        case .divide: "We divide \(left) by \(right), which makes \(result)."
        }
    }
}
