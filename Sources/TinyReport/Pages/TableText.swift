/// Text in aligned columns.
struct TableText {
    /// On which side a column's texts meet.
    enum Side { case left, right }

    let columns: [(title: String, side: Side)]
    private(set) var rows: [[String]] = []

    init(_ columns: [(title: String, side: Side)]) { self.columns = columns }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// Lines with columns two blanks apart; columns that are empty in every row are left out.
    var aligned: [String] {
        let used = usedColumns
        let widths = used.map { column in ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0 }
        return ([columns.map(\.title)] + rows).map { row in
            var line = zip(used, widths).map { column, width in
                padded(row[column], width, columns[column].side)
            }.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    /// A table in Markdown with the same columns.
    var markdown: [String] {
        let used = usedColumns
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rules = used.map { columns[$0].side == .right ? "---:" : "---" }
        return [line(used.map { columns[$0].title }), line(rules)]
            + rows.map { row in line(used.map { row[$0].replacing("|", with: "\\|") }) }
    }

    private var usedColumns: [Int] {
        columns.indices.filter { column in rows.contains { !$0[column].isEmpty } }
    }

    private func padded(_ text: String, _ width: Int, _ side: Side) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return side == .left ? text + blanks : blanks + text
    }
}
