with movements as (

  select
    movement_id,
    source_relation,
    product_id,
    moved_on as business_date,
    movement_kind,
    units,
    warehouse,
    movement_kind in ('damaged', 'lost', 'miscounted') as is_loss
  from {{ ref('int_inventory_movements__unioned') }}

)

select
  movements.movement_id,
  movements.source_relation,
  movements.product_id,
  movements.business_date,
  movements.movement_kind,
  cast(movements.units as decimal(18, 4)) as units,
  -- 0 and not null where goods were shipped: a day of shipments without a loss has a rate of zero.
  cast(
    case when movements.is_loss then -movements.units when movements.movement_kind = 'shipped' then 0 end as decimal(18, 4)
  ) as units_lost,
  cast(
    case when movements.is_loss or movements.movement_kind = 'shipped' then -movements.units end as decimal(18, 4)
  ) as units_out,
  movements.warehouse,
  coalesce(products.product_category, 'unknown') as product_category
from movements
left join {{ ref('int_products__unioned') }} as products
  on movements.product_id = products.product_id
