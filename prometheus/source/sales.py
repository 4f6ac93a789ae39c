"""Payments, refunds, revenue and subscriptions; currencies are never added up."""

from .rule import Alert, Case, Fire, Record, Subject

MONEY_IN = 'type=~"subscription|upgrade|purchase|one_time|debit"'
USD = {"currency": "USD"}
REVENUE = 'sales_revenue_total{$job, instance="%s", currency="USD"}'
REFUNDS = 'sales_refunds_total{$job, instance="%s", currency="USD"}'
MRR = 'monthly_recurring_revenue{$job, instance="%s", plan="pro", currency="USD"}'
WEEK = 1008
"""Steps of ten minutes."""


def _sales(status: str, kind: str = "purchase", instance: str = "a") -> str:
    return (
        f'sales_transactions_total{{$job, instance="{instance}", type="{kind}", status="{status}"}}'
    )


SALES = Subject(
    name="sales",
    title="Sales",
    category="sales",
    dashboard="meterhouse-sales",
    step="10m",
    records=(
        Record(
            "currency:sales_revenue:increase1d",
            "sum by (currency) (increase(sales_revenue_total{$job}[1d]))",
            {REVENUE % "a": "0+10x150", REVENUE % "b": "0+5x150"},
            "24h",
            {'{currency="USD"}': 2160},
        ),
        Record(
            "currency:sales_refunds:increase1d",
            "sum by (currency) (increase(sales_refunds_total{$job}[1d]))",
            {REFUNDS % "a": "0+1x150"},
            "24h",
            {'{currency="USD"}': 144},
        ),
        Record(
            "currency:monthly_recurring_revenue:sum",
            "sum by (currency) (max by (plan, currency) (monthly_recurring_revenue{$job}))",
            {
                MRR % "a": "100x10",
                MRR % "b": "100x10",
                (MRR % "a").replace("pro", "team"): "50x10",
            },
            "1h",
            {'{currency="USD"}': 150},
        ),
    ),
    alerts=(
        Alert(
            "PaymentsFailing",
            f"""
            sum(increase(sales_transactions_total{{$job, {MONEY_IN}, status="failed"}}[1h]))
            / (sum(increase(sales_transactions_total{{$job, {MONEY_IN},
            status=~"completed|failed"}}[1h])) >= 10) > 0.2
            """,
            "critical",
            "{{ $value | humanizePercentage }} of the payments fail.",
            "{{ $value | humanizePercentage }} of the payments of the last hour failed. Look at "
            "payment methods and plans: one method is its provider, all are ours.",
            means="People who want to pay cannot. Fewer than 10 payments are not judged.",
            see="Failed payments by method and plan on the dashboard.",
            act="Look at the status page of the payment provider and at the last change of the "
            "checkout. Hide a method that is down.",
            quiet="While the provider mends it, for an hour at a time.",
            panel="Payments failed by method",
            cases=(
                Case(
                    "one in ten, with a restart; refunds that fail",
                    {
                        _sales("completed"): "0+9x20 0+9x20",
                        _sales("failed"): "0+1x20 0+1x20",
                        _sales("failed", "refund"): "0+50x40",
                    },
                    {"2h": (), "4h": (), "6h": ()},
                ),
                Case("all of three", {_sales("failed"): "0+0.5x30"}, {"5h": ()}),
                Case(
                    "one in four over both replicas",
                    {
                        _sales("completed"): "0+30x30",
                        _sales("failed", instance="b"): "0+10x30",
                    },
                    {"10m": (), "30m": (Fire({}, ("25%", "25%")),)},
                ),
            ),
            wait="10m",
        ),
        Alert(
            "RefundsSpiking",
            """
            currency:sales_refunds:increase1d
            > 3 * sum by (currency) (increase(sales_refunds_total{$job}[1w] offset 1d)) / 7
            and currency:sales_refunds:increase1d > 0.1 * currency:sales_revenue:increase1d
            """,
            "warning",
            "Refunds in {{ $labels.currency }} are far above the usual.",
            '{{ $value | printf "%.2f" }} {{ $labels.currency }} were given back in a day: more '
            "than three times the daily mean of the week before, and more than a tenth of the "
            "revenue. Look at plans and reasons.",
            means="Customers want their money back, or refunds are made by mistake.",
            see="Refunds by plan and currency; the reasons are in the store.",
            act="One reason: mend it. A mistake, or somebody who should not: stop refunds at the "
            "payment provider.",
            quiet="By its `currency`, for a day, when they are known and wanted.",
            panel="Refunds of the last hour",
            cases=(
                Case(
                    "the usual, with a restart; the first day",
                    {
                        REFUNDS % "a": f"0+10x{WEEK} 0+10x300",
                        REVENUE % "a": "0+50x1400",
                    },
                    {"20h": (), "190h": (), "210h": ()},
                ),
                Case(
                    "ten times the usual of next to nothing",
                    {
                        REFUNDS % "a": f"0+0.1x{WEEK} 101.8+1x300",
                        REVENUE % "a": "0+50x1400",
                    },
                    {"192h": ()},
                ),
                Case(
                    "five times the usual over both replicas",
                    {
                        REFUNDS % "a": f"0+10x{WEEK} 10110+30x300",
                        REFUNDS % "b": f"0+0x{WEEK} 20+20x300",
                        REVENUE % "a": "0+100x1400",
                    },
                    {"179h30m": (), "179h40m": (Fire(USD, ("4240.00",)),)},
                ),
            ),
            wait="1h",
        ),
        Alert(
            "RevenueDropped",
            f"""
            currency:sales_revenue:increase1d
            / (sum by (currency) (increase(sales_revenue_total{{$job}}[1d] offset 1w)) > 0) < 0.5
            and on () sum(increase(sales_transactions_total{{$job, {MONEY_IN},
            status="completed"}}[1d] offset 1w)) >= 20
            """,
            "warning",
            "Revenue in {{ $labels.currency }} dropped.",
            "Revenue of the last day in {{ $labels.currency }} was "
            "{{ $value | humanizePercentage }} of that of the same day a week ago. Look at failed "
            "payments, then at the number of purchases, then at traffic.",
            means="Fewer people pay, or their sales are not reported. Days with fewer than 20 "
            "sales are not compared.",
            see="Revenue by currency and plan over two weeks, beside failed payments.",
            act="Failures up: see PaymentsFailing. No sales of one kind: the service that reports "
            "them. Otherwise it is a question for the product.",
            quiet="By its `currency`, the week after a campaign or a holiday.",
            panel="Revenue of the last hour",
            cases=(
                Case(
                    "a young installation; 80%, with a restart",
                    {
                        REVENUE % "a": f"0+50x{WEEK} 0+40x300",
                        _sales("completed"): "0+5x1400",
                    },
                    {"24h": (), "160h": (), "200h": ()},
                ),
                Case(
                    "few sales a day",
                    {
                        REVENUE % "a": f"0+50x{WEEK} 50400+0x300",
                        _sales("completed"): "0+0.1x1400",
                    },
                    {"200h": ()},
                ),
                Case(
                    "a fifth over both replicas",
                    {
                        REVENUE % "a": f"0+50x{WEEK} 50420+20x300",
                        REVENUE % "b": f"0+50x{WEEK} 50400+0x300",
                        _sales("completed"): "0+5x1400",
                    },
                    {"187h20m": (), "187h30m": (Fire(USD, ("43.08%",)),)},
                ),
            ),
            wait="1h",
        ),
        Alert(
            "MrrFalling",
            """
            1 - currency:monthly_recurring_revenue:sum
            / (sum by (currency)
            (max by (plan, currency) (monthly_recurring_revenue{$job} offset 1w)) > 0) > 0.05
            """,
            "warning",
            "Monthly recurring revenue in {{ $labels.currency }} is falling.",
            "It is {{ $value | humanizePercentage }} lower than a week ago. Look at cancellations "
            "by plan, and at renewals that failed.",
            means="Customers leave or take smaller plans faster than others come.",
            see="MRR and subscriptions by plan on the dashboard; `/api/analytics/revenue` has the "
            "movement.",
            act="Renewals that fail are mended with the payment provider. Cancellations need a "
            "talk with those who left.",
            quiet="By its `currency`, for a week, when a plan is withdrawn.",
            panel="MRR over time",
            cases=(
                Case(
                    "it grows; a replica restarts; no last week; none then",
                    {
                        MRR % "a": f"1000x500 _x3 1000x{WEEK}",
                        MRR % "b": "1000x1600",
                        (MRR % "a").replace("USD", "EUR"): f"0x{WEEK} 10x500",
                    },
                    {"24h": (), "180h": (), "250h": ()},
                ),
                Case(
                    "a tenth lower for six hours, the same on both replicas",
                    {
                        MRR % "a": f"1000x{WEEK} 900x300",
                        MRR % "b": f"1000x{WEEK} 900x300",
                    },
                    {"174h": (), "174h10m": (Fire(USD, ("10%",)),)},
                ),
                Case(
                    "all of it is gone",
                    {MRR % "a": f"1000x{WEEK} 0x300"},
                    {"180h": (Fire(USD, ("100%",)),)},
                ),
            ),
            wait="6h",
        ),
    ),
)
