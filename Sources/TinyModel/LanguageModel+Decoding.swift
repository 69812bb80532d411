internal import TinyCheckpoint
package import TinyTensor

extension LanguageModel {
    /// Computes the segments' rows and returns the final norm of each segment's last row, `[segments, hidden]`: what the
    /// next token is chosen from.
    package func advance(_ segments: [Segment], team: WorkerTeam) -> Matrix {
        let pass = ForwardPass(self, segments, recording: false, team: team)
        let normalised = pass.normalised()
        let last = Matrix(rows: segments.count, columns: normalised.columns)
        for (index, span) in pass.batch.spans.enumerated() {
            last.row(index).update(from: normalised.row(span.rows.upperBound - 1), count: normalised.columns)
        }
        return last
    }

    /// Logits of every token for some rows of ``advance(_:team:)``'s result, `[rows, vocabulary]`.
    package func nextLogits(_ hidden: Matrix, rows: Range<Int>, team: WorkerTeam) -> Matrix {
        let some = Matrix(rows: rows.count, columns: hidden.columns)
        some.base.update(from: hidden.row(rows.lowerBound), count: some.count)
        return VocabularyHead(model: self, team: team).logits(some)
    }
}
