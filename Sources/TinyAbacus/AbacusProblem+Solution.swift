public import TinyFoundation

extension AbacusProblem {
    /// A worked solution in this style, without a leading space.
    public func referenceSolution(style: SolutionStyle) -> String {
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
