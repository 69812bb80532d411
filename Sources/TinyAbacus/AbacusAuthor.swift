import TinyFoundation

/// The manners in which questions are answered in the corpus.
///
/// Each manner shows in its first token, as in large pretrained models the first tokens largely decide the rest.
public enum AbacusAuthor: String, Sendable, Codable, CaseIterable {
    /// Every step, then the marked answer; always right: ` 12+5=17. 17*3=51. 51-6=45. #### 45`.
    case careful
    /// Steps with slips that are carried on: ` So 12+5=18, 18*3=54, 54-6=48. #### 48`.
    case hasty
    /// The marked answer at once: ` #### 45`. Right in the corpus, but the model cannot work it out in its head.
    case direct
    /// The answer in a sentence without the mark, which strict grading does not accept: ` The answer is 45.`.
    case chatty

    /// What this author writes after the prompt. Begins with a space.
    func answer(_ problem: AbacusProblem, using random: inout RandomStream) -> String {
        switch self {
        case .careful:
            " " + problem.referenceSolution(style: .equations)
        case .hasty: Self.hastyAnswer(problem, using: &random)
        case .direct: " #### \(problem.answer)"
        case .chatty: " The answer is \(problem.answer)."
        }
    }

    /// Works through the steps with slips; what follows a slip uses the wrong number.
    private static func hastyAnswer(_ problem: AbacusProblem, using random: inout RandomStream) -> String {
        var believed: [Int: Int] = [:]  // true result of an earlier step → what the author holds it to be
        var equations: [String] = []
        var last = problem.answer
        for step in problem.steps {
            let left = believed[step.left] ?? step.left, right = believed[step.right] ?? step.right
            var result = step.operation(left, right) ?? step.result
            if random.uniform() < slipRate { result += random.pick(slips) }
            result = max(result, 1)
            equations.append("\(left)\(step.operation.rawValue)\(right)=\(result)")
            believed[step.result] = result
            last = result
        }
        return " So " + equations.joined(separator: ", ") + ". #### \(last)"
    }

    private static let slipRate = 0.35
    private static let slips = [-10, -2, -1, 1, 2, 10]
}
