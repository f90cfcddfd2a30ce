extension Report {
    /// The list of filters: its frame. Rows are drawn by the page's script.
    var filterSection: Section? {
        guard let filters, !filters.rows.isEmpty else { return nil }
        return Section(
            id: "filters", title: "Filters",
            body: """
                <ul class="tallies" id="tallies"></ul>
                <p id="everywhere"></p>
                \(legend(filters))
                <div class="tools">
                <span id="switches" class="tools"></span>
                <label>search <input type="search" id="filter-search" placeholder="a word, or a filter’s number"></label>
                <label>show <select id="show"><option value="all">all filters</option><option value="supported">well explained</option>\
                <option value="doubtful">not above chance</option><option value="none">no evidence</option></select></label>
                <label>sort by <select id="sort"></select></label>
                <button type="button" class="plain" id="direction">low to high</button>
                <label>at least <input type="number" id="least" step="any" placeholder="any"></label>
                <button type="button" class="plain" id="save">save as CSV</button>
                <span id="filter-count" class="quiet" role="status"></span>
                </div>
                <div id="filter-table" role="table" aria-label="Filters">
                <div id="filter-head" class="row head" role="row"></div>
                <div id="filter-rows"></div>
                </div>
                <p id="empty" hidden>No filter fits; take something back.</p>
                <noscript><p>Without scripts, see <code>filters.md</code> beside this page.</p></noscript>

                """)
    }

    /// Which concepts the layer has learned: drawn by the page's script.
    var conceptSection: Section? {
        guard let filters, !filters.rows.isEmpty else { return nil }
        return Section(
            id: "concepts", title: "Concepts",
            body:
                "<p id=\"learned\"></p>\n<p id=\"layers\" class=\"quiet\"></p>\n<div class=\"histogram\" id=\"histogram\"></div>\n"
        )
    }

    /// Where a served page takes a picture.
    var ownPictureSection: Section? {
        guard isServed, filters?.rows.isEmpty == false else { return nil }
        return Section(
            id: "own", title: "Your own picture",
            body: """
                <div id="drop">
                <p><label>Drop a picture here, or choose one: <input type="file" id="own-file" accept="image/*"></label></p>
                <p class="quiet">It goes to this computer’s own program and nowhere else. The filters that exceed their threshold the most are shown, with what they see.</p>
                <p id="own-state" role="status"></p>
                </div>
                <div class="tiles" id="own-tiles"></div>

                """)
    }

    private func legend(_ filters: ReportFilters) -> String {
        let isAnnotated = filters.rows.contains(where: \.isAnnotated)
        var facts: [(String, String)] = [
            (
                "<span class=\"swatch\"></span> outline",
                "around the region where the filter’s enlarged map is above its threshold; the rest of the picture is dimmed"
            ),
            ("threshold", "the activation that the filter exceeds in 0.5 % of all places of all images"),
            ("max", "the filter’s highest activation in the picture; the pictures with the highest stand first"),
            ("images", "in how many of the filter’s pictures the word is among the nearest words"),
            ("cosine", "how near the word is to what the explainer says, mean over those pictures"),
            (
                "lift",
                "the sum of those cosines, minus its mean over all filters of the layer: a word that is near everywhere has none"
            ),
        ]
        if isAnnotated {
            facts += [
                (
                    "pairs",
                    "the filter’s pictures in which an annotated object lies where it is active: only they can be compared"
                ),
                (
                    "seen",
                    "in how many of those pairs the word is annotated; <span class=\"hit\">green</span> under a picture: it is there"
                ),
                (
                    "evidence",
                    "well explained: the first word is seen more often than over all filters’ pairs (one-sided binomial test; of the filters called so 5 % are expected to be so by chance: Benjamini and Hochberg); grey words: it is not; grey pictures: there are no pairs"
                ),
            ]
        }
        let items = facts.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" }.joined(separator: "\n")
        return "<details class=\"legend\"><summary>How to read this</summary>\n<dl>\n\(items)\n</dl>\n"
            + "<p>Keys in the list: ↓ ↑ (or j, k) to the next and the one before, Enter opens and closes, Escape closes, Home, End.</p></details>"
    }
}
