import TinyProblems

/// Whether the lenient grade of a whole completion is right.
func isAccepted(_ completion: String, _ gold: String) -> Bool {
    MathGrader().grade(completion, gold: gold).lenient
}
