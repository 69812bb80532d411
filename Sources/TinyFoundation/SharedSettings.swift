// Settings that several targets need: a configuration names them, and the target that implements them switches on them.

/// Which directions of the frozen matrices TinyLoRA and LoRA-XS use.
public enum FrozenSubspace: String, Sendable, Codable, CaseIterable {
    /// The singular directions of the largest singular values.
    case top
    /// The singular directions of the smallest singular values, smallest first.
    ///
    /// Costs the Gram matrix of the smaller side, `outputs · inputs · smaller` operations in Double, and a few Cholesky
    /// factorisations: a second for a matrix of 900 × 900 and minutes for one of 3600 × 19000, once per model. The change
    /// a number can make is as small as the singular values: learning rates must be larger.
    case bottom
    /// Random orthonormal directions on both sides, with the largest singular values as `Σ`, so that steps have the size
    /// they have in the top subspace. Drawn from the projection seed.
    case random
}

/// Which grade of a completion is its reward.
public enum RewardRule: String, Sendable, Codable, CaseIterable {
    /// The answer must be in the requested format.
    case strict
    /// The answer counts wherever it is.
    case lenient
}

/// How a worked solution of Abacus is written. All styles are right and end in the marked answer.
public enum SolutionStyle: String, Sendable, Codable, CaseIterable {
    /// Equations, as the careful author of the model's corpus writes them: `12+5=17. 17*3=51. #### 51`.
    case equations
    /// Sentences that are not in the corpus: `We add 12 and 5, which makes 17. … #### 51`.
    case sentences
    /// The same equations, joined as they never are in the corpus: `First 12+5=17, then 17*3=51. #### 51`.
    case narrated
    /// Each result before its calculation, which is not in the corpus either: `17 is 12+5, 51 is 17*3 #### 51`.
    case inverted
}
